"""Product of real values with real weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

from signbit.convert.product import as_vector
from signbit.convert.real_layer import real_product
from signbit.convert.rule import Call, Rule
from signbit.convert.value import Value, image_value
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class Linear(Rule):
    """To `float_conv`, with a kernel as large as the image if it follows a flatten."""

    operator: ClassVar[str] = "aten::linear"
    arguments: ClassVar[Mapping[str, str]] = {
        "input": "real values [N, C]",
        "weight": "parameters",
        "bias": "parameters, or none",
    }
    exact: ClassVar[bool] = False
    words: ClassVar[str] = "`float_conv`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        weight = call.constant("weight")
        assert weight is not None
        value, (height, width, channels) = as_vector(call.value("input"), call, lowering)
        kernel = weight.reshape(len(weight), channels, height, width)
        shape = (1, 1, len(weight))
        return image_value(real_product(call, lowering, value.base, kernel, Window((height, width)), 1, shape), 2)
