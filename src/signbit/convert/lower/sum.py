"""Not in the engine: sum."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Sum(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::sum"
    why: ClassVar[str] = "sums over pixels are not in the engine yet"
    instead: ClassVar[str] = "use x.amax((2, 3)), or a convolution"
