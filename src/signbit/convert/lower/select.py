"""Selects one index along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Select(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::select"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dim": "not 0", "index": "any"}
