"""Not in the engine: col2im."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Col2im(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::col2im"
    why: ClassVar[str] = "patches of pixels as channels"
    instead: ClassVar[str] = "use nn.Conv2d"
