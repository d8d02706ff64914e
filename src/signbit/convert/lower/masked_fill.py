"""A number where a condition holds."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class MaskedFill(Pointwise):
    """Converts only between a binary product and a sign: the engine has no step for it."""

    operator: ClassVar[str] = "aten::masked_fill"
    instead: ClassVar[str] = "nn.ReLU, nn.LeakyReLU or nn.PReLU, if the condition is the sign"
