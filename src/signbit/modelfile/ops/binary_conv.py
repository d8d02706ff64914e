"""Convolution of signs with signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.bits import as_signs, check_unused_bits, unpack_signs, words_of
from signbit.modelfile.costs import Cost
from signbit.modelfile.ops.op import FIRST_INEXACT, Array, Op, Record, constant_of
from signbit.modelfile.ops.thresholds import Intervals, channel_kinds
from signbit.modelfile.ops.window import Window, check_groups
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class BinaryConv(Op):
    """The sum of sign times weight over each window: from bits to int32 or, with intervals, to bits.

    Attributes:
        weights: uint64 [outputs, kh, kw, words of channels / groups].
        window: kernel size, stride, padding and dilation.
        groups: number of groups into which the input and output channels are split.
        padding_value: value of a tap outside the image: 0, +1 or -1.
        intervals: the integers that give +1; None if the output is the integers themselves.
    """

    kind: ClassVar[str] = "binary_conv"
    code: ClassVar[int] = 3
    input_types: ClassVar[tuple[str, ...]] = ("bits",)
    output_types: ClassVar[tuple[str, ...]] = ("int32", "bits")

    weights: NDArray[np.uint64]
    window: Window
    groups: int = 1
    padding_value: int = 0
    intervals: Intervals | None = None

    def encode(self) -> tuple[list[Array], list[int]]:
        thresholds = self.intervals.encode() if self.intervals else []
        return [self.weights, *thresholds], [*self.window.encode(), self.groups, self.padding_value]

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> BinaryConv:
        *geometry, groups, padding_value = record.attributes
        (given,), (result,) = inputs, outputs
        window = Window.decode(geometry)
        channels = check_groups(groups, given.channels, result.channels)
        if padding_value not in (-1, 0, 1):
            raise ValueError(f"the padding value is {padding_value}; it must be -1, 0 or 1")
        if window.taps * channels >= FIRST_INEXACT:
            raise ValueError(f"an output sums {window.taps * channels} products; fewer than 2^24 are allowed")
        packed, *thresholds = record.constants
        if bool(thresholds) != (result.dtype == "bits"):
            raise ValueError(f"the output is {result.dtype}, with {len(thresholds)} constants of thresholds")
        weights = constant_of(packed, "bits", (result.channels, *window.kernel, words_of(channels)), "weights")
        check_unused_bits(weights, channels, "weights")
        intervals = Intervals.decode(thresholds, result.channels) if thresholds else None
        return cls(*record.ends, weights, window, groups, padding_value, intervals)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [(*self.window.output_size(inputs[0].height, inputs[0].width), len(self.weights))]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        patches = self.window.patches(inputs[0].astype(np.int32), self.padding_value)
        channels, share = inputs[0].shape[-1] // self.groups, len(self.weights) // self.groups
        weights = unpack_signs(self.weights, channels).astype(np.int32)
        parts = [
            np.einsum(
                "nyxijc,oijc->nyxo",
                patches[..., group * channels : (group + 1) * channels],
                weights[group * share : (group + 1) * share],
                optimize=True,
            )
            for group in range(self.groups)
        ]
        sums = np.concatenate(parts, axis=-1).astype(np.int32)
        return [sums] if self.intervals is None else [as_signs(self.intervals.positive(sums))]

    def cost(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Cost:
        return Cost.of_product("binary", self.window, self.groups, inputs[0], outputs[0])

    def sum_ranges(self, inputs: Sequence[Tensor]) -> Range:
        """The least and the largest sum, before the intervals."""
        depth = self.window.taps * inputs[0].channels // self.groups
        return Range(np.array([-depth]), np.array([depth]))

    def output_ranges(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> list[Range]:
        return [self.sum_ranges(tensors) if self.intervals is None else Range.unknown()]

    def channel_kinds(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> dict[str, NDArray[np.bool_]] | None:
        return None if self.intervals is None else channel_kinds(self.intervals, None, self.sum_ranges(tensors))

    def describe(self) -> str:
        groups = f", groups {self.groups}" if self.groups != 1 else ""
        value = f", value {self.padding_value:{'+' if self.padding_value else ''}d}" if any(self.window.padding) else ""
        return f"{self.window}{groups}{value}"
