"""A comparison."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class Gt(Pointwise):
    """Converts only between a binary product and a sign: the engine has no step for it."""

    operator: ClassVar[str] = "aten::gt"
    instead: ClassVar[str] = "nn.ReLU, nn.LeakyReLU or nn.PReLU, if the condition is the sign"
