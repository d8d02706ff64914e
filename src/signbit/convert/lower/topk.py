"""Not in the engine: topk."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Topk(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::topk"
    why: ClassVar[str] = "sorting is not in the engine"
    instead: ClassVar[str] = "return the logits, and sort the engine's output"
