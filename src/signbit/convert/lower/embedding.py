"""Not in the engine: embedding."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Embedding(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::embedding"
    why: ClassVar[str] = "a table that is read by the image"
    instead: ClassVar[str] = "use nn.Conv2d on the pixels"
