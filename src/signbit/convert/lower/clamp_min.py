"""A clamp from below."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression
from signbit.convert.pointwise import Operand, Pointwise, clamped
from signbit.convert.rule import Call


@final
class ClampMin(Pointwise):
    """max(x, min)."""

    operator: ClassVar[str] = "aten::clamp_min"
    operands: ClassVar[tuple[str, ...]] = ("self", "min")

    def step(self, call: Call, operand: Operand) -> Expression:
        return clamped(operand("self"), operand("min"), None)
