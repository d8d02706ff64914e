"""Each element several times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class RepeatInterleave(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::repeat_interleave"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "repeats": "a number", "dim": "not 0"}
