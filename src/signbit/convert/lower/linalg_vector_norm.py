"""Not in the engine: linalg_vector_norm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class LinalgVectorNorm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::linalg_vector_norm"
    why: ClassVar[str] = "norms of a tensor are not in the engine"
    instead: ClassVar[str] = "use nn.BatchNorm2d"
