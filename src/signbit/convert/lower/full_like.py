"""Creates a tensor of the same shape, filled with one number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import LIKE, Filled, given_number
from signbit.convert.rule import Call


@final
class FullLike(Filled):
    """Creates a tensor of the same shape, filled with one number."""

    operator: ClassVar[str] = "aten::full_like"
    arguments: ClassVar[Mapping[str, str]] = {"fill_value": "a number", **LIKE}

    def number(self, call: Call) -> float:
        return given_number(call, "fill_value")
