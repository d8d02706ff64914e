"""Operators whose result is one number everywhere."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch

from signbit.convert.rearrangement import Rearrangement
from signbit.convert.rule import Call, Refused

MADE: Mapping[str, str] = {"dtype": "torch.float32", "layout": "any", "device": "any", "pin_memory": "any"}
"""What torch takes where it makes a tensor."""

LIKE: Mapping[str, str] = {"self": "anything", **MADE, "memory_format": "any"}
"""What it takes where the result is to be like a tensor."""


class Filled(Rearrangement):
    """One number in the shape of a tensor, or in a shape that names the number of images."""

    words: ClassVar[str] = "numbers that are the same for every image"

    @abstractmethod
    def number(self, call: Call) -> float:
        """The number."""

    def move(self, call: Call, arguments: dict[str, Any], fixed: Callable[[float], int]) -> Any:
        shape = list(arguments["size"]) if "size" in arguments else list(arguments["self"].shape)
        return torch.full(shape, fixed(self.number(call)))


class Unwritten(Filled):
    """Memory that nothing was written to; what is read of it has been written by another operator."""

    def number(self, call: Call) -> float:
        return float("nan")


def given_number(call: Call, name: str) -> float:
    """An argument that is one number.

    Raises:
        Refused: it depends on the image.
    """
    constant = call.constant(name)
    if constant is None or constant.numel() != 1:
        raise Refused(f"its {name} is not one number; set each channel by itself")
    return float(constant)
