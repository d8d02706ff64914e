"""Not in the engine: var."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Var(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::var"
    why: ClassVar[str] = "it takes the variance of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d, whose statistics are kept"
