"""Rotates by multiples of 90 degrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Rot90(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::rot90"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "k": "any", "dims": "not 0"}
