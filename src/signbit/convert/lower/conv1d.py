"""Not in the engine: conv1d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Conv1d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::conv1d"
    why: ClassVar[str] = "the engine only has 2-D convolution"
    instead: ClassVar[str] = "use nn.Conv2d with a kernel of (1, k) on [N, C, 1, L]"
