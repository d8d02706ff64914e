"""Not in the engine: index_put."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class IndexPut(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::index_put"
    why: ClassVar[str] = "it sets individual elements, or elements chosen by a condition"
    instead: ClassVar[str] = "set whole channels: x[:, 2:4] = 0, or use nn.ReLU"
