"""Hard sigmoid."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression
from signbit.convert.pointwise import Operand, Pointwise, hard_sigmoid
from signbit.convert.rule import Call


@final
class Hardsigmoid(Pointwise):
    """min(max(x + 3, 0), 6) / 6."""

    operator: ClassVar[str] = "aten::hardsigmoid"
    operands: ClassVar[tuple[str, ...]] = ("self",)
    exact: ClassVar[bool] = False

    def step(self, call: Call, operand: Operand) -> Expression:
        return hard_sigmoid(operand("self"))
