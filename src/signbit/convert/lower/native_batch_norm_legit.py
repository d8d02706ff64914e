"""Not in the engine: native_batch_norm_legit."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class NativeBatchNormLegit(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::_native_batch_norm_legit"
    why: ClassVar[str] = "it normalises with the statistics of what it is given, for want of running ones"
    instead: ClassVar[str] = "use a batch norm with running statistics"
