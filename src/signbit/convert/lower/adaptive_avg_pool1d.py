"""Not in the engine: adaptive_avg_pool1d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class AdaptiveAvgPool1d(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::adaptive_avg_pool1d"
    why: ClassVar[str] = "mean pools are not in the engine yet"
    instead: ClassVar[str] = "end in nn.Flatten and a linear layer"
