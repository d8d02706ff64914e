"""Creates a tensor of ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Filled
from signbit.convert.rule import Call


@final
class Ones(Filled):
    """Creates a tensor of ones."""

    operator: ClassVar[str] = "aten::ones"
    arguments: ClassVar[Mapping[str, str]] = {"size": "any that keeps axis 0", **MADE}

    def number(self, call: Call) -> float:
        return 1.0
