"""Not in the engine: take_along_dim."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class TakeAlongDim(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::take_along_dim"
    why: ClassVar[str] = "it selects individual elements"
    instead: ClassVar[str] = "select whole channels: x[:, [0, 2]]"
