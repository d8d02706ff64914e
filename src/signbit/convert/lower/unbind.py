"""The elements along an axis, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Unbind(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::unbind"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "dim": "not 0"}
