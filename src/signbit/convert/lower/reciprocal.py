"""The reciprocal."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step, scalar
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Reciprocal(Pointwise):
    """1 / x."""

    operator: ClassVar[str] = "aten::reciprocal"
    operands: ClassVar[tuple[str, ...]] = ("self",)
    exact: ClassVar[bool] = False

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("divide", (scalar(1), operand("self")))
