"""SiLU as signbit's own layers compute it."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.expression import Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call


@final
class SignbitSilu(Pointwise):
    """x * sigmoid(x), within the bound of the engine's step."""

    operator: ClassVar[str] = "signbit::silu"
    operands: ClassVar[tuple[str, ...]] = ("input",)
    is_steady: ClassVar[bool] = False
    exact: ClassVar[bool] = False

    def step(self, call: Call, operand: Operand) -> Expression:
        return Step("silu", (operand("input"),))
