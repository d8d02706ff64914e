"""A sum with a product."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class Addcmul(Pointwise):
    """Between a product and a sign alone: the engine has no step for it."""

    operator: ClassVar[str] = "aten::addcmul"
    instead: ClassVar[str] = "a sum of a product: x + a * b"
