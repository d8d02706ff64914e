"""Not in the engine: mm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Mm(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::mm"
    why: ClassVar[str] = "a product written as a matrix product"
    instead: ClassVar[str] = "use nn.Linear, whose weight is a parameter"
