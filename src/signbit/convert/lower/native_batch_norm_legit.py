"""Not in the engine: native_batch_norm_legit."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class NativeBatchNormLegit(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::_native_batch_norm_legit"
    why: ClassVar[str] = "it normalises with the statistics of its input, because it has no running statistics"
    instead: ClassVar[str] = "use a batch norm with running statistics"
