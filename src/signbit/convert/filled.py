"""Operators that fill a tensor with one number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch

from signbit.convert.rearrangement import Rearrangement
from signbit.convert.rule import Call, Refused

MADE: Mapping[str, str] = {"dtype": "torch.float32", "layout": "any", "device": "any", "pin_memory": "any"}
"""Arguments of operators that create a tensor."""

LIKE: Mapping[str, str] = {"self": "any tensor", **MADE, "memory_format": "any"}
"""Arguments of operators that create a tensor like another."""


class Filled(Rearrangement):
    """One number in the shape of a tensor, or in a shape that depends on the batch size."""

    words: ClassVar[str] = "a constant"

    @abstractmethod
    def number(self, call: Call) -> float:
        """The number."""

    def move(self, call: Call, arguments: dict[str, Any], fixed: Callable[[float], int]) -> Any:
        shape = list(arguments["size"]) if "size" in arguments else list(arguments["self"].shape)
        return torch.full(shape, fixed(self.number(call)))


class Unwritten(Filled):
    """Uninitialised memory, which another operator fills before it is read."""

    def number(self, call: Call) -> float:
        return float("nan")


def given_number(call: Call, name: str) -> float:
    """An argument that is one number.

    Raises:
        Refused: it depends on the image.
    """
    constant = call.constant(name)
    if constant is None or constant.numel() != 1:
        raise Refused(f"its {name} is not a single number; set each channel separately")
    return float(constant)
