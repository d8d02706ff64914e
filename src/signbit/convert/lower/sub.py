"""A difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.expression import Expression
from signbit.convert.pointwise import Operand, Pointwise, affine_sum
from signbit.convert.rule import Call


@final
class Sub(Pointwise):
    """self - alpha * other."""

    operator: ClassVar[str] = "aten::sub"
    step_arguments: ClassVar[Mapping[str, str]] = {"alpha": "any"}
    exact: ClassVar[bool] = False

    def step(self, call: Call, operand: Operand) -> Expression:
        return affine_sum(operand("self"), operand("other"), -float(call["alpha"]))
