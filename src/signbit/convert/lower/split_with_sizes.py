"""Splits along an axis into parts of given sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class SplitWithSizes(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::split_with_sizes"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "split_sizes": "any", "dim": "not 0"}
