"""Product of signs with signs, that of `BinaryLinear`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

from signbit.convert.product import as_vector, binary_product, signs_of, weight_signs
from signbit.convert.rule import Call, Rule
from signbit.convert.value import Value
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class SignbitBinaryLinear(Rule):
    """To `binary_conv`, with a kernel as large as the image if it follows a flatten."""

    operator: ClassVar[str] = "signbit::binary_linear"
    arguments: ClassVar[Mapping[str, str]] = {"input": "signs [N, C]", "weight": "parameters, all +1 or -1"}
    words: ClassVar[str] = "`binary_conv`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        weight = weight_signs(call)
        value, (height, width, channels) = as_vector(call.value("input"), call, lowering)
        bits = signs_of(value, call, lowering)
        kernel = weight.reshape(len(weight), channels, height, width)
        return binary_product(call, lowering, bits, kernel, Window((height, width)), (1, 1, len(weight)))
