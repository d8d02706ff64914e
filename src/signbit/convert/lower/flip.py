"""Reverses the order along axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Flip(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::flip"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dims": "not 0"}
