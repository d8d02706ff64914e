"""Selects a slice along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Slice(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::slice"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "any tensor",
        "dim": "not 0, unless it selects all images",
        "start": "any",
        "end": "any",
        "step": "any",
    }
