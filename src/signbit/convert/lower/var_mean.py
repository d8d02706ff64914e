"""Not in the engine: var_mean."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class VarMean(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::var_mean"
    why: ClassVar[str] = "it computes the variance of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d, which has running statistics"
