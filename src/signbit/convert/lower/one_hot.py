"""Not in the engine: one_hot."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class OneHot(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::one_hot"
    why: ClassVar[str] = "comparisons with class indices are not in the engine"
    instead: ClassVar[str] = "use nn.Conv2d on the pixels"
