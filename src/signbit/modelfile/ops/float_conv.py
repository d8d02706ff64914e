"""Convolution of floats with floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.bounds import SMALLEST, UNIT, Bounded, Doubles, exact
from signbit.modelfile.costs import Cost
from signbit.modelfile.ops.op import Array, Op, Record, constant_of
from signbit.modelfile.ops.window import Window, check_groups
from signbit.modelfile.rounding import fma
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class FloatConv(Op):
    """The sum of value times weight over each window, added to the bias: float32 to float32.

    Each output has one accumulator, which starts at the bias (+0 without one), and one fused multiply-add per tap and
    channel, in the order ky, kx, channel. A tap outside the image counts as +0.

    Attributes:
        weights: float32 [outputs, kh, kw, channels / groups].
        window: kernel size, stride, padding and dilation.
        groups: number of groups into which the input and output channels are split.
        bias: float32 [outputs], or None.
    """

    kind: ClassVar[str] = "float_conv"
    code: ClassVar[int] = 2
    exact: ClassVar[bool] = False
    input_types: ClassVar[tuple[str, ...]] = ("float32",)
    output_types: ClassVar[tuple[str, ...]] = ("float32",)

    weights: NDArray[np.float32]
    window: Window
    groups: int = 1
    bias: NDArray[np.float32] | None = None

    def encode(self) -> tuple[list[Array], list[int]]:
        bias = [] if self.bias is None else [self.bias]
        return [self.weights, *bias], [*self.window.encode(), self.groups]

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> FloatConv:
        *geometry, groups = record.attributes
        (given,), (result,) = inputs, outputs
        window = Window.decode(geometry)
        channels = check_groups(groups, given.channels, result.channels)
        if not 1 <= len(record.constants) <= 2:
            raise ValueError(f"{len(record.constants)} constants; it takes 1 or 2")
        weights = constant_of(record.constants[0], "float32", (result.channels, *window.kernel, channels), "weights")
        biases = [constant_of(bias, "float32", (result.channels,), "bias") for bias in record.constants[1:]]
        return cls(*record.ends, weights, window, groups, biases[0] if biases else None)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [(*self.window.output_size(inputs[0].height, inputs[0].width), len(self.weights))]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        patches, weights = self._grouped(self.window.patches(inputs[0], 0)), self._grouped_weights()
        bias = np.zeros(len(self.weights), np.float32) if self.bias is None else self.bias
        sums = np.broadcast_to(bias.reshape(self.groups, -1), (*patches.shape[:3], *weights.shape[:2]))
        for ky, kx, channel in np.ndindex(weights.shape[2:]):
            sums = fma(patches[..., ky, kx, :, channel, None], weights[..., ky, kx, channel], sums)
        return [sums.reshape(*sums.shape[:3], -1)]

    def bound(self, inputs: Sequence[Bounded]) -> list[Bounded]:
        """Whatever the order of the sum."""
        (x,) = inputs
        weights = exact(self._grouped_weights()).value
        bias = np.zeros(len(self.weights)) if self.bias is None else exact(self.bias).value
        terms = self.weights[0].size + 1
        relative = terms * UNIT / (1 - terms * UNIT)
        with np.errstate(all="ignore"):
            magnitude = self._sums(np.abs(x.value) + x.error, np.abs(weights)) + np.abs(bias)
            given = self._sums(x.error, np.abs(weights)) if x.error.any() else 0
            return [Bounded(self._sums(x.value, weights) + bias, given + relative * magnitude + SMALLEST)]

    def cost(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Cost:
        return Cost.of_product("float32", self.window, self.groups, inputs[0], outputs[0])

    def describe(self) -> str:
        return f"{self.window}, groups {self.groups}" if self.groups != 1 else str(self.window)

    def _grouped(self, patches: Array) -> Array:
        """[..., channels] as [..., groups, channels / groups]."""
        return patches.reshape(*patches.shape[:-1], self.groups, -1)

    def _grouped_weights(self) -> Array:
        """[groups, outputs / groups, kh, kw, channels / groups]."""
        return self.weights.reshape(self.groups, -1, *self.weights.shape[1:])

    def _sums(self, images: Doubles, weights: Doubles) -> Doubles:
        """The convolution in float64, image by image, since patches take kh * kw times the memory of an image."""
        matrices = weights.reshape(*weights.shape[:2], -1).transpose(0, 2, 1)
        height, width = self.window.output_size(*images.shape[1:3])
        result = np.empty((len(images), height, width, len(self.weights)))
        for target, image in zip(result, images, strict=True):
            patches = self._grouped(self.window.patches(image[None], 0)[0]).transpose(4, 0, 1, 2, 3, 5)
            products = patches.reshape(self.groups, height * width, -1) @ matrices
            target[...] = products.transpose(1, 0, 2).reshape(target.shape)
        return result
