"""Not in the engine: mean."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Mean(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::mean"
    why: ClassVar[str] = "means over pixels are not in the engine yet"
    instead: ClassVar[str] = "use x.amax((2, 3)), or end in nn.Flatten and a linear layer"
