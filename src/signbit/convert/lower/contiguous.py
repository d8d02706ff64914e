"""The same elements in the usual order of memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Contiguous(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::contiguous"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "memory_format": "any"}
