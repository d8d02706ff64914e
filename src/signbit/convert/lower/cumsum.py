"""Not in the engine: cumsum."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Cumsum(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::cumsum"
    why: ClassVar[str] = "cumulative sums are not in the engine"
    instead: ClassVar[str] = "use convolutions"
