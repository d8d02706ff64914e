"""Not in the engine: im2col."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Im2col(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::im2col"
    why: ClassVar[str] = "extracting patches is not in the engine"
    instead: ClassVar[str] = "use nn.Conv2d"
