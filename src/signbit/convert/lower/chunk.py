"""Splits along an axis into a given number of parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Chunk(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::chunk"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "chunks": "any", "dim": "not 0"}
