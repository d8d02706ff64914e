"""What each op of a model file has to do for one image: multiply-accumulates and bytes, useful and idle ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from signbit.engine import Model, Op, Tensor

PRODUCTS = {"binary_conv": "binary", "integer_conv": "int16", "float_conv": "float32"}
"""The ops that multiply, and what their kernels multiply."""

_LANES = 16  # outputs are computed so many at a time; see engine/src/kernels/kernels.h
_WORD_BITS = 32
_ELEMENT_BYTES = {"uint8": 1, "int8": 1, "int32": 4, "float32": 4}
_VALUE_BYTES = {"int16": 2.0, "float32": 4.0, "binary": 1 / 8}


@dataclass(frozen=True)
class OpCost:
    """The work of one op for one image.

    Attributes:
        product: `binary`, `int16` or `float32`; empty where nothing is multiplied.
        macs: multiply-accumulates.
        lane_use: share of the lanes (outputs, in sixteens) that have an output, from 0 to 1.
        word_use: share of the bits in a patch's words that are inputs, from 0 to 1.
        pixels: of the output; how often the weights are used.
        weight_bytes: constants as the kernels hold them.
        tensor_bytes: inputs read and outputs written, each once.
        depth: inputs of one output.
        group_channels: channels of the input that an output sees.
        gathered_taps, gathered_values: pixels and values that are copied together, because an output pixel's inputs do
            not lie together; 0 where the input serves as it lies.
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


def tensor_bytes(tensor: Tensor) -> int:
    """Bytes of one image's tensor."""
    pixels = tensor.height * tensor.width
    if tensor.dtype == "bits":
        return pixels * 8 * -(-tensor.channels // 64)
    return pixels * tensor.channels * _ELEMENT_BYTES[tensor.dtype]


def constant_bytes(model: Model, op: Op) -> int:
    """Bytes of the op's constants in the model file."""
    return sum(model.constant(constant).nbytes for constant in op.constants)


def costs(model: Model) -> list[OpCost]:
    """One entry for each op, in order."""
    return [_cost(model, op) for op in model.ops]


def _cost(model: Model, op: Op) -> OpCost:
    moved = sum(tensor_bytes(model.tensors[tensor]) for tensor in (*op.inputs, *op.outputs))
    pixels = prod(model.tensors[op.outputs[0]][2:4])
    if op.kind not in PRODUCTS:
        return OpCost(pixels=pixels, weight_bytes=constant_bytes(model, op), tensor_bytes=moved)
    given, result = model.tensors[op.inputs[0]], model.tensors[op.outputs[0]]
    product, groups = PRODUCTS[op.kind], groups_of(op)
    taps, channels, outputs = prod(op.attributes[:2]), given.channels // groups, result.channels
    depth = taps * channels
    group_outputs = outputs // groups
    lanes = -(-group_outputs // _LANES) * _LANES
    words = -(-depth // _WORD_BITS) * _WORD_BITS if product == "binary" else depth + depth % 2 * (product == "int16")
    gathered = 0 if _is_direct(op, given) else pixels * groups
    return OpCost(
        product=product,
        macs=pixels * outputs * depth,
        lane_use=group_outputs / lanes,
        word_use=depth / words,
        pixels=pixels,
        weight_bytes=int(groups * lanes * words * _VALUE_BYTES[product]),
        tensor_bytes=moved,
        depth=depth,
        group_channels=channels,
        gathered_taps=gathered * taps,
        gathered_values=gathered * depth,
    )


def groups_of(op: Op) -> int:
    """Groups of a product; 1 where the op has none."""
    return op.attributes[8] if len(op.attributes) > 8 else 1


def _is_direct(op: Op, given: Tensor) -> bool:
    """Whether the input serves as the patches, as it lies."""
    kernel, steps, padding = op.attributes[:2], op.attributes[2:4], op.attributes[4:6]
    whole_image = kernel == [given.height, given.width] and not any(padding)
    return groups_of(op) == 1 and (_is_pointwise(kernel, steps, padding) or whole_image)


def _is_pointwise(kernel: Sequence[int], steps: Sequence[int], padding: Sequence[int]) -> bool:
    return prod(kernel) == 1 and prod(steps) == 1 and not any(padding)
