"""Not in the engine: bilinear."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Bilinear(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::bilinear"
    why: ClassVar[str] = "a product of two tensors that both depend on the image"
    instead: ClassVar[str] = "use nn.Linear"
