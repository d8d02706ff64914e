"""Not in the engine: var_mean."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class VarMean(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::var_mean"
    why: ClassVar[str] = "it takes the variance of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d, whose statistics are kept"
