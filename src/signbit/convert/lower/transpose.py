"""Swaps two axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Transpose(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::transpose"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dim0": "not 0", "dim1": "not 0"}
