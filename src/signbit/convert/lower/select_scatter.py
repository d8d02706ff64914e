"""A tensor with one of its elements along an axis replaced: ``y[:, 3] = ...``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class SelectScatter(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::select_scatter"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "anything",
        "src": "real values, or parameters",
        "dim": "any",
        "index": "any",
    }
