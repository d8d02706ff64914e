"""Not in the engine: scatter_add."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class ScatterAdd(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::scatter_add"
    why: ClassVar[str] = "elements are added one by one"
    instead: ClassVar[str] = "use nn.Conv2d"
