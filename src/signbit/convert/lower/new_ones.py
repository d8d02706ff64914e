"""Creates a tensor of ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Filled
from signbit.convert.rule import Call


@final
class NewOnes(Filled):
    """Creates a tensor of ones."""

    operator: ClassVar[str] = "aten::new_ones"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "size": "any that keeps axis 0", **MADE}

    def number(self, call: Call) -> float:
        return 1.0
