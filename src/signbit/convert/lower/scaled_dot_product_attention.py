"""Not in the engine: scaled_dot_product_attention."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class ScaledDotProductAttention(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::scaled_dot_product_attention"
    why: ClassVar[str] = "attention is not in the engine"
    instead: ClassVar[str] = "use convolutions"
