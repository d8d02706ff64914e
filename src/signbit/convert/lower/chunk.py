"""Parts along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Chunk(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::chunk"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "chunks": "any", "dim": "not 0"}
