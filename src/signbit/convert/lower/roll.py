"""Shifts elements along axes, with wrap-around."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Roll(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::roll"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "shifts": "any", "dims": "not 0"}
