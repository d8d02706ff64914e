"""A copy of a constant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class LiftFreshCopy(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::lift_fresh_copy"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything"}
