"""Not in the engine: conv3d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Conv3d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::conv3d"
    why: ClassVar[str] = "the engine only has 2-D convolution"
    instead: ClassVar[str] = "use nn.Conv2d"
