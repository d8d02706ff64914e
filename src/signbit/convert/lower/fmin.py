"""The smaller of two, and the number where one is NaN."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class Fmin(Pointwise):
    """Between a product and a sign alone: the engine has no step for it."""

    operator: ClassVar[str] = "aten::fmin"
    instead: ClassVar[str] = "torch.minimum"
