"""Stacks tensors along a new axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Stack(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::stack"
    arguments: ClassVar[Mapping[str, str]] = {"tensors": "any number of tensors", "dim": "not 0"}
