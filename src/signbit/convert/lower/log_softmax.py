"""Not in the engine: log_softmax."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class LogSoftmax(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::log_softmax"
    why: ClassVar[str] = "a softmax is not in the engine"
    instead: ClassVar[str] = "leave it out: the largest logit is the class, and numpy can take it of the result"
