"""Not in the engine: im2col."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Im2col(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::im2col"
    why: ClassVar[str] = "patches of pixels as channels"
    instead: ClassVar[str] = "use nn.Conv2d"
