"""Memory that is written later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Unwritten


@final
class Empty(Unwritten):
    """Memory that is written later."""

    operator: ClassVar[str] = "aten::empty"
    arguments: ClassVar[Mapping[str, str]] = {"size": "any that keeps axis 0", **MADE, "memory_format": "any"}
