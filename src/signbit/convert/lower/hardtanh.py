"""Hardtanh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.expression import Expression, scalar
from signbit.convert.pointwise import Operand, Pointwise, clamped
from signbit.convert.rule import Call


@final
class Hardtanh(Pointwise):
    """x clamped to two limits."""

    operator: ClassVar[str] = "aten::hardtanh"
    operands: ClassVar[tuple[str, ...]] = ("self",)
    step_arguments: ClassVar[Mapping[str, str]] = {"min_val": "any", "max_val": "any"}

    def step(self, call: Call, operand: Operand) -> Expression:
        return clamped(operand("self"), scalar(call["min_val"]), scalar(call["max_val"]))
