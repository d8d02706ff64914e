"""A clamp between two limits."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression
from signbit.convert.pointwise import Operand, Pointwise, clamped
from signbit.convert.rule import Call


@final
class Clamp(Pointwise):
    """x clamped to limits, which may differ between channels."""

    operator: ClassVar[str] = "aten::clamp"
    operands: ClassVar[tuple[str, ...]] = ("self", "min", "max")

    def step(self, call: Call, operand: Operand) -> Expression:
        low, high = (None if call[name] is None else operand(name) for name in ("min", "max"))
        return clamped(operand("self"), low, high)
