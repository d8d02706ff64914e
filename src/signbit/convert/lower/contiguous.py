"""Returns the tensor in contiguous memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Contiguous(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::contiguous"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "memory_format": "any"}
