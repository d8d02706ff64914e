"""Changes the shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class View(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::view"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "size": "any that keeps axis 0"}
