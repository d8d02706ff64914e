"""Not in the engine: std_mean."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class StdMean(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::std_mean"
    why: ClassVar[str] = "it computes the standard deviation of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d, which has running statistics"
