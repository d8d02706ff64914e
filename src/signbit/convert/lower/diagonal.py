"""Not in the engine: diagonal."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Diagonal(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::diagonal"
    why: ClassVar[str] = "it selects individual pixels"
    instead: ClassVar[str] = "use nn.Conv2d"
