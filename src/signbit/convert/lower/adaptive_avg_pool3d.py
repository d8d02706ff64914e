"""Not in the engine: adaptive_avg_pool3d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class AdaptiveAvgPool3d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::adaptive_avg_pool3d"
    why: ClassVar[str] = "average pooling is not in the engine yet"
    instead: ClassVar[str] = "end the network in nn.Flatten and a linear layer"
