"""A number where a condition holds."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class MaskedFill(Pointwise):
    """Between a product and a sign alone: the engine has no step for it."""

    operator: ClassVar[str] = "aten::masked_fill"
    instead: ClassVar[str] = "nn.ReLU, nn.LeakyReLU or nn.PReLU, if it chooses by sign"
