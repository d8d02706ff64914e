"""Not in the engine: adaptive_max_pool1d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class AdaptiveMaxPool1d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::adaptive_max_pool1d"
    why: ClassVar[str] = "the engine only has 2-D pooling"
    instead: ClassVar[str] = "use nn.AdaptiveMaxPool2d(1)"
