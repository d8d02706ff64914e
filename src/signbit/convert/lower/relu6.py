"""ReLU6."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, scalar
from signbit.convert.pointwise import Operand, Pointwise, clamped
from signbit.convert.rule import Call


@final
class Relu6(Pointwise):
    """min(max(x, 0), 6)."""

    operator: ClassVar[str] = "aten::relu6"
    operands: ClassVar[tuple[str, ...]] = ("self",)

    def step(self, call: Call, operand: Operand) -> Expression:
        return clamped(operand("self"), scalar(0), scalar(6))
