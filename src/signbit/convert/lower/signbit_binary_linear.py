"""Product of signs with signs, that of `BinaryLinear`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from signbit.convert.layer_report import describe_product
from signbit.convert.product import as_vector, integer_stream, signs_of, weight_signs
from signbit.convert.rule import Call, Rule
from signbit.convert.value import Value
from signbit.modelfile.bits import pack_signs
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class SignbitBinaryLinear(Rule):
    """To `binary_conv`, with a kernel as large as the image where it follows a flatten."""

    operator: ClassVar[str] = "signbit::binary_linear"
    arguments: ClassVar[Mapping[str, str]] = {"input": "signs [N, C]", "weight": "parameters, all +1 or -1"}
    words: ClassVar[str] = "`binary_conv`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        weight = weight_signs(call)
        value, (height, width, channels) = as_vector(call.value("input"), call, lowering)
        bits = signs_of(value, call, lowering)
        kernel = weight.numpy().reshape(len(weight), channels, height, width)
        words = pack_signs(kernel.transpose(0, 2, 3, 1))
        node = call.node
        output = lowering.draft.tensor("int32", (1, 1, len(weight)), node)
        op = BinaryConv(node.name, (bits.tensor,), (output,), words, Window((height, width)))
        lowering.draft.add(op, node)
        lowering.report.append(describe_product(node, op.kind, (1, 1), weight.numel(), words.nbytes, ""))
        return integer_stream(node, output, 2, np.full(len(weight), weight[0].numel(), np.int64), lowering)
