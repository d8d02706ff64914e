"""Copies the elements of another tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Copy(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::copy"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "src": "any"}
