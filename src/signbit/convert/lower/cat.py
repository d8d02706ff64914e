"""Tensors side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Cat(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::cat"
    arguments: ClassVar[Mapping[str, str]] = {"tensors": "any number", "dim": "1"}
