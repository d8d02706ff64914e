"""Selects along an axis by index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class IndexSelect(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::index_select"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dim": "not 0", "index": "constants"}
    index_arguments: ClassVar[tuple[str, ...]] = ("index",)
