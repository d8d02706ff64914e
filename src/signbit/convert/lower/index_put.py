"""Not in the engine: index_put."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class IndexPut(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::index_put"
    why: ClassVar[str] = "elements are set by a condition or one by one"
    instead: ClassVar[str] = "set whole channels: x[:, 2:4] = 0, or use nn.ReLU"
