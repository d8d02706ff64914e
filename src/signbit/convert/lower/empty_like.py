"""Memory that is written later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import LIKE, Unwritten


@final
class EmptyLike(Unwritten):
    """Memory that is written later."""

    operator: ClassVar[str] = "aten::empty_like"
    arguments: ClassVar[Mapping[str, str]] = {**LIKE}
