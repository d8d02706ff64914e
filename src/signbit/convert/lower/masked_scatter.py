"""Not in the engine: masked_scatter."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class MaskedScatter(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::masked_scatter"
    why: ClassVar[str] = "elements are set one by one"
    instead: ClassVar[str] = "set whole channels: x[:, 2:4] = 0"
