"""Reorders the axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Permute(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::permute"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dims": "an order that begins with 0"}
