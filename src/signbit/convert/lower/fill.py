"""One number everywhere: ``y[:, :8] = 0``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, final

import torch

from signbit.convert.rearrangement import Rearrangement
from signbit.convert.rule import Call


@final
class Fill(Rearrangement):
    """Numbers that are the same for every image."""

    operator: ClassVar[str] = "aten::fill"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "anything",
        "value": "parameters",
    }

    def move(self, call: Call, arguments: dict[str, Any], fixed: Callable[[float], int]) -> Any:
        return torch.full_like(arguments["self"], fixed(float(call["value"])))
