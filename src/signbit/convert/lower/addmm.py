"""Not in the engine: addmm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Addmm(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::addmm"
    why: ClassVar[str] = "a product written as a matrix product"
    instead: ClassVar[str] = "use nn.Linear, whose weight is a parameter"
