"""Not in the engine: std."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Std(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::std"
    why: ClassVar[str] = "it computes the standard deviation of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d, which has running statistics"
