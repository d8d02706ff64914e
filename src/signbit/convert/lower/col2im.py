"""Not in the engine: col2im."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Col2im(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::col2im"
    why: ClassVar[str] = "combining patches is not in the engine"
    instead: ClassVar[str] = "use nn.Conv2d"
