"""A copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Clone(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::clone"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "memory_format": "any"}
