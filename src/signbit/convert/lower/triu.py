"""Not in the engine: triu."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Triu(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::triu"
    why: ClassVar[str] = "it sets individual pixels"
    instead: ClassVar[str] = "use nn.Conv2d"
