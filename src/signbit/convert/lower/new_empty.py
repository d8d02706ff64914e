"""Creates an uninitialised tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Unwritten


@final
class NewEmpty(Unwritten):
    """Creates an uninitialised tensor."""

    operator: ClassVar[str] = "aten::new_empty"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "size": "any that keeps axis 0", **MADE}
