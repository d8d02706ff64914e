"""Repeats elements along axes of size 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Expand(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::expand"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "size": "any"}
