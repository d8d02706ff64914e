"""Creates a tensor of ones of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import LIKE, Filled
from signbit.convert.rule import Call


@final
class OnesLike(Filled):
    """Creates a tensor of ones of the same shape."""

    operator: ClassVar[str] = "aten::ones_like"
    arguments: ClassVar[Mapping[str, str]] = {**LIKE}

    def number(self, call: Call) -> float:
        return 1.0
