"""Elements along an axis by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class IndexSelect(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::index_select"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "dim": "not 0", "index": "parameters"}
    index_arguments: ClassVar[tuple[str, ...]] = ("index",)
