"""Not in the engine: diagonal_scatter."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class DiagonalScatter(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::diagonal_scatter"
    why: ClassVar[str] = "pixels are set one by one"
    instead: ClassVar[str] = "set whole channels: x[:, 2:4] = 0"
