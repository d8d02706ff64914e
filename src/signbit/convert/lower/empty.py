"""Creates an uninitialised tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Unwritten


@final
class Empty(Unwritten):
    """Creates an uninitialised tensor."""

    operator: ClassVar[str] = "aten::empty"
    arguments: ClassVar[Mapping[str, str]] = {"size": "any that keeps axis 0", **MADE, "memory_format": "any"}
