"""A max pool to one pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

from signbit.convert.pool import max_pool
from signbit.convert.product import window_of
from signbit.convert.rule import Call, Refused, Result, Rule

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class AdaptiveMaxPool2d(Rule):
    """To `max_pool` whose window is the whole image."""

    operator: ClassVar[str] = "aten::adaptive_max_pool2d"
    arguments: ClassVar[Mapping[str, str]] = {"self": "images of up to 255 x 255 pixels", "output_size": "1"}
    words: ClassVar[str] = "`max_pool`"

    def lower(self, call: Call, lowering: Lowering) -> Result:
        value = call.value("self")
        if set(call["output_size"]) != {1} or len(value.axes) != 3:
            raise Refused(f"adaptive_max_pool2d to {call['output_size']}; the engine only supports 1: use nn.MaxPool2d")
        return [max_pool(value, window_of(value.axes[1:], 1, 0, 1), (1, 1, value.axes[0]), call, lowering), None]
