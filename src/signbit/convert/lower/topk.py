"""Not in the engine: topk."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Topk(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::topk"
    why: ClassVar[str] = "values are not sorted in the engine"
    instead: ClassVar[str] = "return the logits, and sort outside"
