"""Not in the engine: conv3d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Conv3d(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::conv3d"
    why: ClassVar[str] = "convolutions are two-dimensional in the engine"
    instead: ClassVar[str] = "use nn.Conv2d"
