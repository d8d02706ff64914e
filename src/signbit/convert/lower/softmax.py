"""Not in the engine: softmax."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Softmax(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::softmax"
    why: ClassVar[str] = "softmax is not in the engine"
    instead: ClassVar[str] = "return the logits, and apply the softmax to the engine's output if you need it"
