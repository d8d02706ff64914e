"""Not in the engine: argmax."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Argmax(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::argmax"
    why: ClassVar[str] = "a model file outputs float32"
    instead: ClassVar[str] = "return the logits, and take the argmax of the engine's output"
