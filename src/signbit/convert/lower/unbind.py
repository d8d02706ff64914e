"""Splits an axis into its single elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Unbind(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::unbind"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "dim": "not 0"}
