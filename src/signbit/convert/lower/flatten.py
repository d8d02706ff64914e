"""Merges axes into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Flatten(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::flatten"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "start_dim": "1 or more", "end_dim": "any"}
