"""Other axes for the same elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class View(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::view"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "size": "any that keeps axis 0"}
