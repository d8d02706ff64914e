"""Not in the engine: unfold."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Unfold(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::unfold"
    why: ClassVar[str] = "patches of pixels as an axis"
    instead: ClassVar[str] = "use nn.Conv2d"
