"""Not in the engine: diagonal."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Diagonal(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::diagonal"
    why: ClassVar[str] = "it takes pixels one by one"
    instead: ClassVar[str] = "use nn.Conv2d"
