"""Creates a tensor of zeros of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import LIKE, Filled
from signbit.convert.rule import Call


@final
class ZerosLike(Filled):
    """Creates a tensor of zeros of the same shape."""

    operator: ClassVar[str] = "aten::zeros_like"
    arguments: ClassVar[Mapping[str, str]] = {**LIKE}

    def number(self, call: Call) -> float:
        return 0.0
