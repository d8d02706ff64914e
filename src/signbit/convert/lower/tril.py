"""Not in the engine: tril."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Tril(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::tril"
    why: ClassVar[str] = "it sets pixels one by one"
    instead: ClassVar[str] = "use nn.Conv2d"
