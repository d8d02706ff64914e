"""The negative."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step, scalar
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Neg(Pointwise):
    """-x."""

    operator: ClassVar[str] = "aten::neg"
    operands: ClassVar[tuple[str, ...]] = ("self",)

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("multiply", (operand("self"), scalar(-1)))
