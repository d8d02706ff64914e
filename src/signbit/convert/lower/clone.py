"""Copies the tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Clone(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::clone"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "memory_format": "any"}
