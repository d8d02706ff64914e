"""The magnitude."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step, scalar
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Abs(Pointwise):
    """|x|, as max(x, -x) + 0; adding 0 turns -0 into 0."""

    operator: ClassVar[str] = "aten::abs"
    operands: ClassVar[tuple[str, ...]] = ("self",)

    def step(self, call: Call, operand: Operand) -> Expression:
        x = operand("self")
        magnitude = Step("maximum", (x, Step("multiply", (x, scalar(-1)))))
        return Step("add", (magnitude, scalar(0)))
