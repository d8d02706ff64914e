"""Not in the engine: diagonal_scatter."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class DiagonalScatter(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::diagonal_scatter"
    why: ClassVar[str] = "it sets individual pixels"
    instead: ClassVar[str] = "set whole channels: x[:, 2:4] = 0"
