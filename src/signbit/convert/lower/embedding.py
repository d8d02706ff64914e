"""Not in the engine: embedding."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Embedding(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::embedding"
    why: ClassVar[str] = "it looks up a table by the values of the image"
    instead: ClassVar[str] = "use nn.Conv2d on the pixels"
