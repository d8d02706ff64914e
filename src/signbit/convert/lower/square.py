"""The square."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Square(Pointwise):
    """x * x."""

    operator: ClassVar[str] = "aten::square"
    operands: ClassVar[tuple[str, ...]] = ("self",)

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("multiply", (operand("self"), operand("self")))
