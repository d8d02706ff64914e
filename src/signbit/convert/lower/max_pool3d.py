"""Not in the engine: max_pool3d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class MaxPool3d(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::max_pool3d"
    why: ClassVar[str] = "pools are two-dimensional in the engine"
    instead: ClassVar[str] = "use nn.MaxPool2d"
