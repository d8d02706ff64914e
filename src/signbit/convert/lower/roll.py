"""Elements shifted along axes, around the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Roll(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::roll"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "shifts": "any", "dims": "not 0"}
