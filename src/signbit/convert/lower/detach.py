"""The tensor without its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Detach(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::detach"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything"}
