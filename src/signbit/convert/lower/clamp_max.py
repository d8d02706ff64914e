"""A clamp from above."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression
from signbit.convert.pointwise import Operand, Pointwise, clamped
from signbit.convert.rule import Call


@final
class ClampMax(Pointwise):
    """min(x, max)."""

    operator: ClassVar[str] = "aten::clamp_max"
    operands: ClassVar[tuple[str, ...]] = ("self", "max")

    def step(self, call: Call, operand: Operand) -> Expression:
        return clamped(operand("self"), None, operand("max"))
