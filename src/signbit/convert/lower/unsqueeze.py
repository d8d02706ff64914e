"""A new axis of one element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Unsqueeze(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::unsqueeze"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "dim": "not 0"}
