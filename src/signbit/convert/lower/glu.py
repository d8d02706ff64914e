"""Not in the engine: glu."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Glu(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::glu"
    why: ClassVar[str] = "gated linear units are not in the engine"
    instead: ClassVar[str] = "write it out: a, b = x.chunk(2, 1); a * b.sigmoid()"
