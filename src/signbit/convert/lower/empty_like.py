"""Creates an uninitialised tensor of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import LIKE, Unwritten


@final
class EmptyLike(Unwritten):
    """Creates an uninitialised tensor of the same shape."""

    operator: ClassVar[str] = "aten::empty_like"
    arguments: ClassVar[Mapping[str, str]] = {**LIKE}
