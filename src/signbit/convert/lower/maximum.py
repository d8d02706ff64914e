"""The larger of two."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Maximum(Pointwise):
    """max(self, other)."""

    operator: ClassVar[str] = "aten::maximum"

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("maximum", (operand("self"), operand("other")))
