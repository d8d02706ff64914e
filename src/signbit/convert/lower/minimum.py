"""The smaller of two."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Minimum(Pointwise):
    """min(self, other)."""

    operator: ClassVar[str] = "aten::minimum"

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("minimum", (operand("self"), operand("other")))
