"""Not in the engine: native_group_norm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class NativeGroupNorm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::native_group_norm"
    why: ClassVar[str] = "group norm is not in the engine yet"
    instead: ClassVar[str] = "use nn.BatchNorm2d"
