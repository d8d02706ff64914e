"""Not in the engine: var."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Var(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::var"
    why: ClassVar[str] = "it computes the variance of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d, which has running statistics"
