"""The work of an op for one image: multiply-accumulates and bytes, useful and idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signbit.modelfile.ops.window import Window
from signbit.modelfile.tensor import Tensor

PRODUCTS = ("binary", "int16", "float32")
"""The kinds of products that the kernels compute."""

_LANES = 16  # outputs are computed so many at a time; see engine/src/kernels/kernels.h
_WORD_BITS = 32
_VALUE_BYTES = {"int16": 2.0, "float32": 4.0, "binary": 1 / 8}


@dataclass(frozen=True)
class Cost:
    """The work of one op for one image.

    Attributes:
        product: one of `PRODUCTS`; empty if nothing is multiplied.
        macs: number of multiply-accumulates.
        lane_use: fraction of the lanes (outputs, in groups of sixteen) that compute an output, from 0 to 1.
        word_use: fraction of the bits in a patch's words that are inputs, from 0 to 1.
        pixels: number of output pixels, which is how often the weights are used.
        weight_bytes: bytes of the constants, in the layout of the kernels.
        tensor_bytes: bytes of the inputs and outputs, each counted once.
        depth: number of inputs of one output.
        group_channels: number of input channels that an output sees.
        gathered_taps: number of pixels to copy because the inputs of an output pixel are not contiguous; 0 if they are.
        gathered_values: number of values in those pixels.
    """

    product: str = ""
    macs: int = 0
    lane_use: float = 1.0
    word_use: float = 1.0
    pixels: int = 0
    weight_bytes: int = 0
    tensor_bytes: int = 0
    depth: int = 0
    group_channels: int = 0
    gathered_taps: int = 0
    gathered_values: int = 0

    @property
    def shifts_bits(self) -> bool:
        """Whether the signs of a tap do not begin and end with a word."""
        return self.product == "binary" and self.group_channels % 64 != 0

    @property
    def bytes(self) -> int:
        """All that has to come and go."""
        return self.weight_bytes + self.tensor_bytes

    @classmethod
    def of_moving(cls, inputs: Sequence[Tensor], outputs: Sequence[Tensor], constant_bytes: int) -> Cost:
        """The cost of an op without products: it reads its inputs and constants and writes its outputs, once each."""
        moved = sum(tensor.bytes for tensor in (*inputs, *outputs))
        return cls(pixels=outputs[0].pixels, weight_bytes=constant_bytes, tensor_bytes=moved)

    @classmethod
    def of_product(cls, product: str, window: Window, groups: int, input: Tensor, output: Tensor) -> Cost:
        """The cost of a convolution.

        Args:
            product: one of `PRODUCTS`.
        """
        channels = input.channels // groups
        depth, group_outputs = window.taps * channels, output.channels // groups
        lanes, words = _round_up(group_outputs, _LANES), _patch_values(product, depth)
        gathered = 0 if _is_direct(window, groups, input) else output.pixels * groups
        return cls(
            product=product,
            macs=output.pixels * output.channels * depth,
            lane_use=group_outputs / lanes,
            word_use=depth / words,
            pixels=output.pixels,
            weight_bytes=int(groups * lanes * words * _VALUE_BYTES[product]),
            tensor_bytes=input.bytes + output.bytes,
            depth=depth,
            group_channels=channels,
            gathered_taps=gathered * window.taps,
            gathered_values=gathered * depth,
        )


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _patch_values(product: str, depth: int) -> int:
    """Values under an output, with those that fill the last word or pair."""
    return _round_up(depth, {"binary": _WORD_BITS, "int16": 2, "float32": 1}[product])


def _is_direct(window: Window, groups: int, given: Tensor) -> bool:
    """Whether the input serves as the patches, as it lies."""
    pixelwise = window.kernel == (1, 1) and window.stride == (1, 1)
    whole_image = window.kernel == (given.height, given.width)
    return groups == 1 and not any(window.padding) and (pixelwise or whole_image)
