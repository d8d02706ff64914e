"""Axes of one element left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Squeeze(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::squeeze"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "dim": "not 0"}
