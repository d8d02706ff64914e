"""Fills the tensor with one number: ``y[:, :8] = 0``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import Filled, given_number
from signbit.convert.rule import Call


@final
class Fill(Filled):
    """Fills the tensor with one number: ``y[:, :8] = 0``."""

    operator: ClassVar[str] = "aten::fill"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "value": "a number"}

    def number(self, call: Call) -> float:
        return given_number(call, "value")
