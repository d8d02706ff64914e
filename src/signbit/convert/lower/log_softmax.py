"""Not in the engine: log_softmax."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class LogSoftmax(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::log_softmax"
    why: ClassVar[str] = "log-softmax is not in the engine"
    instead: ClassVar[str] = "return the logits, and apply the log-softmax to the engine's output if you need it"
