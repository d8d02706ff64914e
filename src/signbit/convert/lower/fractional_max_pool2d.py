"""Not in the engine: fractional_max_pool2d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class FractionalMaxPool2d(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::fractional_max_pool2d"
    why: ClassVar[str] = "its windows are drawn at random"
    instead: ClassVar[str] = "use nn.MaxPool2d"
