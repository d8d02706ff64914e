"""Concatenates tensors along the channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Cat(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::cat"
    arguments: ClassVar[Mapping[str, str]] = {"tensors": "any number of tensors", "dim": "1"}
