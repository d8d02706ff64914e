"""Some of the elements along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Slice(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::slice"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "anything",
        "dim": "not 0, unless all images are taken",
        "start": "any",
        "end": "any",
        "step": "any",
    }
