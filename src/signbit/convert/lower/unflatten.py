"""One axis as several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Unflatten(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::unflatten"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "dim": "1 or more", "sizes": "any"}
