"""The length of a hypotenuse."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.pointwise import Pointwise


@final
class Hypot(Pointwise):
    """Between a product and a sign alone: the engine has no step for it."""

    operator: ClassVar[str] = "aten::hypot"
