"""A sum with a quotient."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class Addcdiv(Pointwise):
    """Between a product and a sign alone: the engine has no step for it."""

    operator: ClassVar[str] = "aten::addcdiv"
    instead: ClassVar[str] = "a sum of a quotient: x + a / b"
