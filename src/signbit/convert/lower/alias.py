"""Returns the same tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Alias(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::alias"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor"}
