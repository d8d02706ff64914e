"""Not in the engine: lstm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Lstm(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::lstm"
    why: ClassVar[str] = "recurrent layers are not in the engine"
    instead: ClassVar[str] = "use convolutions"
