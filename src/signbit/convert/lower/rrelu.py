"""RReLU, whose slope is the middle of its range in eval mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.expression import Expression, Step, scalar
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class Rrelu(Pointwise):
    """x if x > 0, else (lower + upper) / 2 * x."""

    operator: ClassVar[str] = "aten::rrelu"
    operands: ClassVar[tuple[str, ...]] = ("self",)
    step_arguments: ClassVar[Mapping[str, str]] = {"lower": "any", "upper": "any"}

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("prelu", (operand("self"), scalar((call["lower"] + call["upper"]) / 2)))
