"""Not in the engine: cosine_similarity."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class CosineSimilarity(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::cosine_similarity"
    why: ClassVar[str] = "it divides by the norms of each image"
    instead: ClassVar[str] = "use nn.Linear"
