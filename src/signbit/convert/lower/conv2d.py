"""Convolution of real values with real weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

from torch import Tensor

from signbit.convert.product import output_shape, window_of
from signbit.convert.real_layer import real_product
from signbit.convert.rule import Call, Refused, Rule
from signbit.convert.value import Value, image_value
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class Conv2d(Rule):
    """To `float_conv`."""

    operator: ClassVar[str] = "aten::conv2d"
    arguments: ClassVar[Mapping[str, str]] = {
        "input": "real values",
        "weight": "parameters",
        "bias": "parameters, or none",
        "stride": "1 to 255",
        "padding": "less than the dilated kernel; 'valid', or 'same' if it pads both sides equally",
        "dilation": "1 to 255",
        "groups": "any",
    }
    exact: ClassVar[bool] = False
    words: ClassVar[str] = "`float_conv`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        weight = call.constant("weight")
        assert weight is not None
        base = lowering.in_place(call.value("input"), call.node).base
        shape = output_shape(call)
        return image_value(real_product(call, lowering, base, weight, _window(call, weight), call["groups"], shape), 4)


def _window(call: Call, weight: Tensor) -> Window:
    kernel = tuple(weight.shape[2:])
    dilation = call["dilation"]
    return window_of(kernel, call["stride"], _padding(call["padding"], kernel, dilation), dilation)


def _padding(padding: Any, kernel: tuple[int, ...], dilation: Any) -> Any:
    if not isinstance(padding, str):
        return padding
    if padding == "valid":
        return 0
    both = [step * (size - 1) for size, step in zip(kernel, list(dilation) * (2 // len(dilation)), strict=True)]
    if any(total % 2 for total in both):
        raise Refused("padding='same' would pad one side more than the other here; use a kernel of odd size")
    return [total // 2 for total in both]
