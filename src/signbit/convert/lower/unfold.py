"""Not in the engine: unfold."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Unfold(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::unfold"
    why: ClassVar[str] = "extracting patches is not in the engine"
    instead: ClassVar[str] = "use nn.Conv2d"
