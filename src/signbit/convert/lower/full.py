"""Creates a tensor filled with one number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import MADE, Filled, given_number
from signbit.convert.rule import Call


@final
class Full(Filled):
    """Creates a tensor filled with one number."""

    operator: ClassVar[str] = "aten::full"
    arguments: ClassVar[Mapping[str, str]] = {"size": "any that keeps axis 0", "fill_value": "a number", **MADE}

    def number(self, call: Call) -> float:
        return given_number(call, "fill_value")
