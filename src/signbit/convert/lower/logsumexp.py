"""Not in the engine: logsumexp."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Logsumexp(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::logsumexp"
    why: ClassVar[str] = "it combines all channels"
    instead: ClassVar[str] = "put it outside the converted module"
