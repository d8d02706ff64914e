"""Not in the engine: mm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Mm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::mm"
    why: ClassVar[str] = "general matrix products are not in the engine"
    instead: ClassVar[str] = "use nn.Linear, whose weight is a parameter"
