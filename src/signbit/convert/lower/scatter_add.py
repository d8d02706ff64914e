"""Not in the engine: scatter_add."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class ScatterAdd(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::scatter_add"
    why: ClassVar[str] = "it adds to individual elements"
    instead: ClassVar[str] = "use nn.Conv2d"
