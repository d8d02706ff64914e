"""Moves pixels to channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class PixelUnshuffle(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::pixel_unshuffle"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "downscale_factor": "any"}
