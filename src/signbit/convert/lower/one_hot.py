"""Not in the engine: one_hot."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class OneHot(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::one_hot"
    why: ClassVar[str] = "a comparison with each number"
    instead: ClassVar[str] = "use nn.Conv2d on the pixels"
