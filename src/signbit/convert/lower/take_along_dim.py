"""Not in the engine: take_along_dim."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class TakeAlongDim(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::take_along_dim"
    why: ClassVar[str] = "elements are chosen one by one"
    instead: ClassVar[str] = "select whole channels: x[:, [0, 2]]"
