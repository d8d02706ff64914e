"""Not in the engine: adaptive_max_pool1d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class AdaptiveMaxPool1d(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::adaptive_max_pool1d"
    why: ClassVar[str] = "pools are two-dimensional in the engine"
    instead: ClassVar[str] = "use nn.AdaptiveMaxPool2d(1)"
