"""A quotient."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Div(Pointwise):
    """self / other, without rounding_mode."""

    operator: ClassVar[str] = "aten::div"
    exact: ClassVar[bool] = False

    def remedy(self, argument: str) -> str:
        return "Divide without rounding_mode, or round directly between a binary product and a sign"

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("divide", (operand("self"), operand("other")))
