"""Convolution of signs with signs, the product of `BinaryConv2d`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from signbit.convert.layer_report import describe_product
from signbit.convert.product import integer_stream, output_shape, signs_of, weight_signs, window_of
from signbit.convert.rule import Call, Rule
from signbit.convert.value import Value
from signbit.modelfile.bits import pack_signs
from signbit.modelfile.ops.binary_conv import BinaryConv

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
        words = pack_signs(weight.numpy().transpose(0, 2, 3, 1))
        node, shape = call.node, output_shape(call)
        output = lowering.draft.tensor("int32", shape, node)
        op = BinaryConv(node.name, (bits.tensor,), (output,), words, window, call["groups"], call["padding_value"])
        lowering.draft.add(op, node)
        lowering.report.append(describe_product(node, op.kind, (1, 1), weight.numel(), words.nbytes, ""))
        depth = np.full(shape[2], weight[0].numel(), np.int64)
        return integer_stream(node, output, 4, depth, lowering)
