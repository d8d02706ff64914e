"""Max pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

from signbit.convert.pool import max_pool
from signbit.convert.product import output_shape, pair, window_of
from signbit.convert.rule import Call, Rule
from signbit.convert.value import Value

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class MaxPool2d(Rule):
    """To `max_pool`: on bits, on integers if the function after it is monotone, or on floats."""

    operator: ClassVar[str] = "aten::max_pool2d"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "any tensor",
        "kernel_size": "1 to 255",
        "stride": "1 to 255",
        "padding": "as torch allows",
        "dilation": "1 to 255",
        "ceil_mode": "any",
    }
    words: ClassVar[str] = "`max_pool`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        stride = call["stride"] or call["kernel_size"]
        window = window_of(call["kernel_size"], pair(stride), call["padding"], call["dilation"])
        return max_pool(call.value("self"), window, output_shape(call), call, lowering)
