"""Ones in the shape of a tensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, final

import torch

from signbit.convert.rearrangement import Rearrangement
from signbit.convert.rule import Call


@final
class OnesLike(Rearrangement):
    """Numbers that are the same for every image."""

    operator: ClassVar[str] = "aten::ones_like"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "anything",
        "dtype": "torch.float32",
        "layout": "any",
        "device": "any",
        "pin_memory": "any",
        "memory_format": "any",
    }

    def move(self, call: Call, arguments: dict[str, Any], fixed: Callable[[float], int]) -> Any:
        return torch.full_like(arguments["self"], fixed(1.0))
