"""Convolution of pixels with small integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.costs import Cost
from signbit.modelfile.ops.op import FIRST_INEXACT, Array, Op, Record, constant_of
from signbit.modelfile.ops.window import Window
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor

_CENTRE = 128  # subtracted from each pixel, so that it fits a signed byte


@final
@dataclass(frozen=True, eq=False)
class IntegerConv(Op):
    """The sum of (pixel - 128) times weight over each window: uint8 to int32; a tap outside the image adds nothing.

    Attributes:
        weights: int8 [outputs, kh, kw, channels], from -127 to 127.
        window: kernel size, stride, padding and dilation.
    """

    kind: ClassVar[str] = "integer_conv"
    code: ClassVar[int] = 1
    input_types: ClassVar[tuple[str, ...]] = ("uint8",)
    output_types: ClassVar[tuple[str, ...]] = ("int32",)

    weights: NDArray[np.int8]
    window: Window

    def encode(self) -> tuple[list[Array], list[int]]:
        return [self.weights], self.window.encode()

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> IntegerConv:
        (given,), (result,), (constant,) = inputs, outputs, record.constants
        window = Window.decode(record.attributes)
        weights = constant_of(constant, "int8", (result.channels, *window.kernel, given.channels), "weights")
        if weights.min() == -128:
            raise ValueError("a weight is -128; weights must be -127 to 127")
        if _CENTRE * np.abs(weights.astype(np.int64)).sum((1, 2, 3)).max() >= FIRST_INEXACT:
            raise ValueError("a sum can reach 2^24, where float32 is no longer exact")
        return cls(*record.ends, weights, window)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [(*self.window.output_size(inputs[0].height, inputs[0].width), len(self.weights))]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        patches = self.window.patches(inputs[0].astype(np.int64) - _CENTRE, 0)
        sums = np.einsum("nyxijc,oijc->nyxo", patches, self.weights.astype(np.int64), optimize=True)
        return [sums.astype(np.int32)]

    def cost(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Cost:
        return Cost.of_product("int16", self.window, 1, inputs[0], outputs[0])

    def output_ranges(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> list[Range]:
        weights = self.weights.astype(np.int64).reshape(len(self.weights), -1)
        positive, negative = np.maximum(weights, 0).sum(1), np.minimum(weights, 0).sum(1)
        darkest, brightest = -_CENTRE, 255 - _CENTRE
        return [Range(darkest * positive + brightest * negative, brightest * positive + darkest * negative)]

    def describe(self) -> str:
        return str(self.window)
