"""Leaky ReLU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.expression import Expression, Step, scalar
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class LeakyRelu(Pointwise):
    """x if x > 0, else negative_slope * x."""

    operator: ClassVar[str] = "aten::leaky_relu"
    operands: ClassVar[tuple[str, ...]] = ("self",)
    step_arguments: ClassVar[Mapping[str, str]] = {"negative_slope": "any"}

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("prelu", (operand("self"), scalar(call["negative_slope"])))
