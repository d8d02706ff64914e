"""One number in the shape of a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.filled import LIKE, Filled, given_number
from signbit.convert.rule import Call


@final
class FullLike(Filled):
    """One number in the shape of a tensor."""

    operator: ClassVar[str] = "aten::full_like"
    arguments: ClassVar[Mapping[str, str]] = {"fill_value": "a number", **LIKE}

    def number(self, call: Call) -> float:
        return given_number(call, "fill_value")
