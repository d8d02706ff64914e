"""Not in the engine: std_mean."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class StdMean(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::std_mean"
    why: ClassVar[str] = "it takes the deviation of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d, whose statistics are kept"
