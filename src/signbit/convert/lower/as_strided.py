"""Not in the engine: as_strided."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class AsStrided(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::as_strided"
    why: ClassVar[str] = "a view by strides in memory"
    instead: ClassVar[str] = "use a slice, x.view or x.flatten"
