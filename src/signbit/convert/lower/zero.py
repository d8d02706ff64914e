"""Fills the tensor with zeros: ``y.zero_()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import Filled
from signbit.convert.rule import Call


@final
class Zero(Filled):
    """Fills the tensor with zeros: ``y.zero_()``."""

    operator: ClassVar[str] = "aten::zero"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor"}

    def number(self, call: Call) -> float:
        return 0.0
