"""The smaller of two, and the number where one is NaN."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class Fmin(Pointwise):
    """Converts only between a binary product and a sign: the engine has no step for it."""

    operator: ClassVar[str] = "aten::fmin"
    instead: ClassVar[str] = "torch.minimum"
