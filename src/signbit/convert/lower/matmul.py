"""Not in the engine: matmul."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Matmul(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::matmul"
    why: ClassVar[str] = "matrix products of two tensors are not in the engine"
    instead: ClassVar[str] = "use nn.Linear, whose weight is a parameter"
