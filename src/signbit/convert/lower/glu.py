"""Not in the engine: glu."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Glu(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::glu"
    why: ClassVar[str] = "it multiplies two halves of the channels"
    instead: ClassVar[str] = "write it out: a, b = x.chunk(2, 1); a * b.sigmoid()"
