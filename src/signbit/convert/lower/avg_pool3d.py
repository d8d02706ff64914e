"""Not in the engine: avg_pool3d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class AvgPool3d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::avg_pool3d"
    why: ClassVar[str] = "average pooling is not in the engine yet"
    instead: ClassVar[str] = "use nn.MaxPool2d, or a convolution with stride 2"
