"""Not in the engine: as_strided."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class AsStrided(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::as_strided"
    why: ClassVar[str] = "views by memory strides are not in the engine"
    instead: ClassVar[str] = "use a slice, x.view or x.flatten"
