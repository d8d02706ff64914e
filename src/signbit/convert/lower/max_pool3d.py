"""Not in the engine: max_pool3d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class MaxPool3d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::max_pool3d"
    why: ClassVar[str] = "the engine only has 2-D pooling"
    instead: ClassVar[str] = "use nn.MaxPool2d"
