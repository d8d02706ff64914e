"""Changes the shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Reshape(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::reshape"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "shape": "any that keeps axis 0"}
