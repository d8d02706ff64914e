"""Not in the engine: bmm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Bmm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::bmm"
    why: ClassVar[str] = "products of two tensors that both depend on the image are not in the engine"
    instead: ClassVar[str] = "use nn.Linear or nn.Conv2d"
