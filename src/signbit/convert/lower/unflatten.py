"""Splits one axis into several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Unflatten(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::unflatten"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dim": "1 or more", "sizes": "any"}
