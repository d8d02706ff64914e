"""Selects elements by index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Index(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::index"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "indices": "constants"}
    index_arguments: ClassVar[tuple[str, ...]] = ("indices",)
