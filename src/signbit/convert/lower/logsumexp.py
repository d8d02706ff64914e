"""Not in the engine: logsumexp."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Logsumexp(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::logsumexp"
    why: ClassVar[str] = "it joins all channels"
    instead: ClassVar[str] = "leave it out of what is converted"
