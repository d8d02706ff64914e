"""Not in the engine: sort."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Sort(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::sort"
    why: ClassVar[str] = "values are not sorted in the engine"
    instead: ClassVar[str] = "return the logits, and sort outside"
