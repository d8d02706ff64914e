"""Not in the engine: amin."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Amin(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::amin"
    why: ClassVar[str] = "a minimum over pixels is not in the engine"
    instead: ClassVar[str] = "use -(-x).amax((2, 3))"
