"""Convolution of signs with signs, the product of `BinaryConv2d`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

from signbit.convert.product import binary_product, output_shape, signs_of, weight_signs, window_of
from signbit.convert.rule import Call, Rule
from signbit.convert.value import Value

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class SignbitBinaryConv2d(Rule):
    """To `binary_conv`; the thresholds of a sign that follows join it."""

    operator: ClassVar[str] = "signbit::binary_conv2d"
    arguments: ClassVar[Mapping[str, str]] = {
        "input": "signs",
        "weight": "parameters, all +1 or -1",
        "stride": "1 to 255",
        "padding": "less than the dilated kernel",
        "dilation": "1 to 255",
        "groups": "any",
        "padding_value": "0, +1, -1",
    }
    words: ClassVar[str] = "`binary_conv`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        weight = weight_signs(call)
        window = window_of(weight.shape[2:], call["stride"], call["padding"], call["dilation"])
        bits = signs_of(call.value("input"), call, lowering)
        shape = output_shape(call)
        return binary_product(call, lowering, bits, weight, window, shape, call["groups"], call["padding_value"])
