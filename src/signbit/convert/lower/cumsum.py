"""Not in the engine: cumsum."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Cumsum(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::cumsum"
    why: ClassVar[str] = "running sums are not in the engine"
    instead: ClassVar[str] = "use convolutions"
