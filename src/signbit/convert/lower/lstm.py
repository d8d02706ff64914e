"""Not in the engine: lstm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Lstm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::lstm"
    why: ClassVar[str] = "recurrent layers are not in the engine"
    instead: ClassVar[str] = "use convolutions"
