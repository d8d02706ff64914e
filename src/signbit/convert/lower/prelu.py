"""PReLU."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Constant, Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Prelu(Pointwise):
    """x if x > 0, else weight * x, with one weight for each channel."""

    operator: ClassVar[str] = "aten::prelu"
    operands: ClassVar[tuple[str, ...]] = ("self", "weight")
    by_channel: ClassVar[bool] = True

    def step(self, call: Call, operand: Operand) -> Expression:
        weight = call.constant("weight")
        assert weight is not None
        return Step("prelu", (operand("self"), Constant(weight.float().numpy().reshape(-1))))
