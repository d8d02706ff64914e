"""Hard swish."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step
from signbit.convert.pointwise import Operand, Pointwise, hard_sigmoid
from signbit.convert.rule import Call


@final
class Hardswish(Pointwise):
    """x * min(max(x + 3, 0), 6) / 6."""

    operator: ClassVar[str] = "aten::hardswish"
    operands: ClassVar[tuple[str, ...]] = ("self",)
    exact: ClassVar[bool] = False

    def step(self, call: Call, operand: Operand) -> Expression:
        x = operand("self")
        return Step("multiply", (x, hard_sigmoid(x)))
