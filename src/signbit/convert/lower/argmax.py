"""Not in the engine: argmax."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Argmax(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::argmax"
    why: ClassVar[str] = "a model file gives float32"
    instead: ClassVar[str] = "return the logits; the engine and numpy take the class of them"
