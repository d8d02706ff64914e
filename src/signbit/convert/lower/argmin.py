"""Not in the engine: argmin."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Argmin(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::argmin"
    why: ClassVar[str] = "a model file outputs float32"
    instead: ClassVar[str] = "return the logits, and take the argmin of the engine's output"
