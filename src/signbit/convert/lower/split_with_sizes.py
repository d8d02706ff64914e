"""Parts along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class SplitWithSizes(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::split_with_sizes"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "split_sizes": "any", "dim": "not 0"}
