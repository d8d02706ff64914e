"""Replaces a slice along an axis: ``y[:, :8] = ...``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class SliceScatter(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::slice_scatter"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "any tensor",
        "src": "real values, or parameters",
        "dim": "any",
        "start": "any",
        "end": "any",
        "step": "any",
    }
