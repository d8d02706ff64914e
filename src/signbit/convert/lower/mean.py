"""Not in the engine: mean."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Mean(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::mean"
    why: ClassVar[str] = "averages over pixels are not in the engine yet"
    instead: ClassVar[str] = "use x.amax((2, 3)), or end the network in nn.Flatten and a linear layer"
