"""Moves channels to pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class PixelShuffle(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::pixel_shuffle"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "upscale_factor": "any"}
