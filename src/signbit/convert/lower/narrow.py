"""Selects a range along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Narrow(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::narrow"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dim": "not 0", "start": "any", "length": "any"}
