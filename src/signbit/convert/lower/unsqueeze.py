"""Adds an axis of size 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Unsqueeze(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::unsqueeze"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dim": "not 0"}
