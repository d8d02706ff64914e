"""Not in the engine: rms_norm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class RmsNorm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::rms_norm"
    why: ClassVar[str] = "RMS norm is not in the engine yet"
    instead: ClassVar[str] = "use nn.BatchNorm2d"
