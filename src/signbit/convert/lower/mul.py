"""A product."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Mul(Pointwise):
    """self * other."""

    operator: ClassVar[str] = "aten::mul"

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("multiply", (operand("self"), operand("other")))
