"""Repeats the tensor along axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Repeat(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::repeat"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "repeats": "1 for axis 0"}
