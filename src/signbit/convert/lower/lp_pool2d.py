"""Not in the engine: lp_pool2d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class LpPool2d(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::lp_pool2d"
    why: ClassVar[str] = "it sums powers over windows"
    instead: ClassVar[str] = "use nn.MaxPool2d"
