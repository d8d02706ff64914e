"""Not in the engine: scatter."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Scatter(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::scatter"
    why: ClassVar[str] = "it sets individual elements"
    instead: ClassVar[str] = "set whole channels: x[:, 2:4] = 0"
