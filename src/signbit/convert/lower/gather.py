"""Not in the engine: gather."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Gather(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::gather"
    why: ClassVar[str] = "elements are chosen by tensors that depend on the image, or one by one"
    instead: ClassVar[str] = "select whole channels: x[:, [0, 2]]"
