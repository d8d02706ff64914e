"""Convolution of pixels with small whole numbers, the product of `IntegerConv2d`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.convert.expression import Input
from signbit.convert.layer_report import describe_product
from signbit.convert.product import integer_stream, output_shape, window_of
from signbit.convert.rule import Call, Refused, Rule
from signbit.convert.value import Real, Value
from signbit.modelfile.ops.integer_conv import IntegerConv

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class SignbitIntegerConv2d(Rule):
    """To `integer_conv`, which reads the image itself."""

    operator: ClassVar[str] = "signbit::integer_conv2d"
    arguments: ClassVar[Mapping[str, str]] = {
        "pixels": "the uint8 image itself",
        "codes": "parameters, whole numbers from -127 to 127",
        "stride": "1 to 255",
        "padding": "less than the dilated kernel",
        "dilation": "1 to 255",
    }
    words: ClassVar[str] = "`integer_conv`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        codes = _codes(call)
        _check_image(call, lowering)
        window = window_of(codes.shape[1:3], call["stride"], call["padding"], call["dilation"])
        node = call.node
        output = lowering.draft.tensor("int32", output_shape(call), node)
        op = IntegerConv(node.name, (lowering.input,), (output,), codes, window)
        lowering.draft.add(op, node)
        one_bit = bool((np.abs(codes) == 1).all())
        note = "one-bit weights on pixels, stored in 8 bits" if one_bit else "integer stem: 8-bit weights and pixels"
        bits = (8, 1 if one_bit else 8)
        lowering.report.append(describe_product(node, op.kind, bits, codes.size, codes.nbytes, note))
        bound = 128 * np.abs(codes.astype(np.int64)).sum(axis=(1, 2, 3))
        return integer_stream(output, 4, bound, lowering)


def _codes(call: Call) -> NDArray[np.int8]:
    weight = call.constant("codes")
    assert weight is not None
    values = np.ascontiguousarray(weight.float().numpy().transpose(0, 2, 3, 1))
    codes = values.astype(np.int8)
    if not np.array_equal(codes, values) or codes.min() < -127:
        raise Refused("its weights are not whole numbers from -127 to 127; see IntegerConv2d.codes_and_scale")
    return codes


def _check_image(call: Call, lowering: Lowering) -> None:
    value, tensor = call.value("pixels"), lowering.input
    expression = value.base.expression if isinstance(value.base, Real) else None
    is_input = isinstance(expression, Input) and expression.tensor == tensor and value.in_place
    if not is_input or lowering.draft.tensors[tensor].dtype != "uint8":
        raise Refused(
            "an integer stem reads the uint8 image itself; give a uint8 example, and do not change the image before it"
        )
