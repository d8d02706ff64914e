"""Not in the engine: masked_scatter."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class MaskedScatter(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::masked_scatter"
    why: ClassVar[str] = "it sets individual elements"
    instead: ClassVar[str] = "set whole channels: x[:, 2:4] = 0"
