"""Not in the engine: upsample_nearest1d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class UpsampleNearest1d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::upsample_nearest1d"
    why: ClassVar[str] = "upsampling is not in the engine"
    instead: ClassVar[str] = "put it outside the converted module"
