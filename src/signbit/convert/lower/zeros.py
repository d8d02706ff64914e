"""Creates a tensor of zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Filled
from signbit.convert.rule import Call


@final
class Zeros(Filled):
    """Creates a tensor of zeros."""

    operator: ClassVar[str] = "aten::zeros"
    arguments: ClassVar[Mapping[str, str]] = {"size": "any that keeps axis 0", **MADE}

    def number(self, call: Call) -> float:
        return 0.0
