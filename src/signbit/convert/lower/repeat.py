"""Elements repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Repeat(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::repeat"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "repeats": "1 for axis 0"}
