"""Creates a tensor of zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Filled
from signbit.convert.rule import Call


@final
class NewZeros(Filled):
    """Creates a tensor of zeros."""

    operator: ClassVar[str] = "aten::new_zeros"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "size": "any that keeps axis 0", **MADE}

    def number(self, call: Call) -> float:
        return 0.0
