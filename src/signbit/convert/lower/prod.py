"""Not in the engine: prod."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Prod(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::prod"
    why: ClassVar[str] = "products over an axis are not in the engine"
    instead: ClassVar[str] = "use convolutions"
