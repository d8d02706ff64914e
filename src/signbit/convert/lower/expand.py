"""Elements repeated along axes of one element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Expand(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::expand"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "size": "any"}
