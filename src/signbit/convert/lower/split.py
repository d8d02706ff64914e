"""Splits along an axis into parts of equal size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Split(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::split"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "split_size": "any", "dim": "not 0"}
