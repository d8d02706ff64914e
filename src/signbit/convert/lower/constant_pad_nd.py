"""Pads with a constant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, final

from signbit.convert.rearrangement import BETWEEN_IMAGES, Rearrangement
from signbit.convert.rule import Call, Refused


@final
class ConstantPadNd(Rearrangement):
    """Channels of a number before and behind the others."""

    operator: ClassVar[str] = "aten::constant_pad_nd"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "pad": "0 for all but the channels", "value": "any"}

    def move(self, call: Call, arguments: dict[str, Any], fixed: Callable[[float], int]) -> Any:
        if any(call["pad"][2 * call.node.meta["val"].ndim - 2 :]):
            raise Refused(BETWEEN_IMAGES)
        arguments["value"] = fixed(float(call["value"]))
        return call.node.target(**arguments)  # type: ignore[operator]
