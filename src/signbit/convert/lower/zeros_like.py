"""Zeros in the shape of a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import LIKE, Filled
from signbit.convert.rule import Call


@final
class ZerosLike(Filled):
    """Zeros in the shape of a tensor."""

    operator: ClassVar[str] = "aten::zeros_like"
    arguments: ClassVar[Mapping[str, str]] = {**LIKE}

    def number(self, call: Call) -> float:
        return 0.0
