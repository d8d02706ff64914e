"""Not in the engine: amin."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Amin(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::amin"
    why: ClassVar[str] = "a minimum over pixels"
    instead: ClassVar[str] = "use -(-x).amax((2, 3))"
