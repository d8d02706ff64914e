"""Not in the engine: matmul."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Matmul(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::matmul"
    why: ClassVar[str] = "products of two tensors are not in the engine"
    instead: ClassVar[str] = "use nn.Linear, whose weight is a parameter"
