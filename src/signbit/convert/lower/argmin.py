"""Not in the engine: argmin."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Argmin(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::argmin"
    why: ClassVar[str] = "a model file gives float32"
    instead: ClassVar[str] = "return the logits, and take the class outside"
