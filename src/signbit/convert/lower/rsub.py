"""A difference, the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.expression import Expression
from signbit.convert.pointwise import Operand, Pointwise, affine_sum
from signbit.convert.rule import Call


@final
class Rsub(Pointwise):
    """other - alpha * self."""

    operator: ClassVar[str] = "aten::rsub"
    step_arguments: ClassVar[Mapping[str, str]] = {"alpha": "any"}
    exact: ClassVar[bool] = False

    def step(self, call: Call, operand: Operand) -> Expression:
        return affine_sum(operand("other"), operand("self"), -float(call["alpha"]))
