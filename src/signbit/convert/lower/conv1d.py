"""Not in the engine: conv1d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Conv1d(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::conv1d"
    why: ClassVar[str] = "convolutions are two-dimensional in the engine"
    instead: ClassVar[str] = "use nn.Conv2d with a kernel of (1, k) on [N, C, 1, L]"
