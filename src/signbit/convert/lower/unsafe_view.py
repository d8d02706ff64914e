"""Changes the shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class UnsafeView(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::_unsafe_view"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "size": "any that keeps axis 0"}
