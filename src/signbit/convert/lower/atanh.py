"""The inverse hyperbolic tangent."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class Atanh(Pointwise):
    """Converts only between a binary product and a sign: the engine has no step for it."""

    operator: ClassVar[str] = "aten::atanh"
