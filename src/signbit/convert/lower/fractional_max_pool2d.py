"""Not in the engine: fractional_max_pool2d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class FractionalMaxPool2d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::fractional_max_pool2d"
    why: ClassVar[str] = "its windows are random"
    instead: ClassVar[str] = "use nn.MaxPool2d"
