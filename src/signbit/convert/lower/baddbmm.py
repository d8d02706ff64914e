"""Not in the engine: baddbmm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Baddbmm(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::baddbmm"
    why: ClassVar[str] = "a product of two tensors that both depend on the image"
    instead: ClassVar[str] = "use nn.Linear"
