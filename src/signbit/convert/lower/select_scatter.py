"""Replaces one index along an axis: ``y[:, 3] = ...``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class SelectScatter(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::select_scatter"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "any tensor",
        "src": "real values, or parameters",
        "dim": "any",
        "index": "any",
    }
