"""What the operators with weights share: their window, their input in place, and the stream they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from signbit.convert.chain import Chain
from signbit.convert.expression import Input
from signbit.convert.layer_report import describe_product
from signbit.convert.rearrangement import MAX_SIDE
from signbit.convert.rule import Call, Refused
from signbit.convert.value import Shape, Signs, Stream, Value, image_of, image_value
from signbit.modelfile.bits import pack_signs
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


def pair(value: Any) -> tuple[int, int]:
    """One number for both sides, or one for each."""
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return int(values[0]), int(values[-1])


def window_of(kernel: Any, stride: Any, padding: Any, dilation: Any) -> Window:
    """The geometry of a convolution or a pool.

    Raises:
        Refused: the window or its padding is larger than the engine supports.
    """
    window = Window(pair(kernel), pair(stride), pair(padding), pair(dilation))
    for what, sides in {"kernel": window.kernel, "stride": window.stride, "dilation": window.dilation}.items():
        if max(sides) > MAX_SIDE:
            raise Refused(f"a {what} of {sides[0]} x {sides[1]}; the engine supports at most {MAX_SIDE} per side")
    if any(padding >= reach for padding, reach in zip(window.padding, window.reach, strict=True)):
        raise Refused(
            f"a padding of {window.padding[0]} and {window.padding[1]} around a kernel that covers {window.reach[0]} x "
            f"{window.reach[1]} pixels; the padding must be smaller than that, so that each output sees the image"
        )
    return window


def output_shape(call: Call) -> tuple[int, int, int]:
    """Height, width and channels of what the node gives."""
    shape = image_of(call.axes)
    assert shape is not None
    return shape


def signs_of(value: Value, call: Call, lowering: Lowering) -> Signs:
    """The bits that a binary layer reads.

    Raises:
        Refused: they are no signs.
    """
    base = lowering.in_place(value, call.node).base
    if not isinstance(base, Signs):
        raise Refused(
            f"its input, {call.nodes['input'].name}, does not come from a sign; give the layer an input binarizer in "
            "mode 'binary', or use torch's own layer if it should stay real-valued"
        )
    return base


def weight_signs(call: Call) -> Tensor:
    """The weights of a binary layer, all +1 or -1.

    Raises:
        Refused: some are not, or they depend on the image.
    """
    weight = call.constant("weight")
    assert weight is not None
    if not bool(((weight == 1) | (weight == -1)).all()):
        raise Refused("its weights are not all +1 or -1; set its weight binarizer to mode 'binary'")
    return weight


def as_vector(value: Value, call: Call, lowering: Lowering) -> tuple[Value, tuple[int, int, int]]:
    """A linear layer's input: a whole image where it is one that was flattened, else a vector; and its shape.

    A linear layer on a flattened image is a convolution whose kernel is the whole image.
    """
    if len(value.axes) != 1:
        raise Refused(f"a linear layer on a tensor of {len(value.axes) + 1} axes; flatten it to [N, C] first")
    shape = value.base.shape
    if value.index is None and max(shape[:2]) <= MAX_SIDE:
        return image_value(value.base, 4), shape
    return lowering.in_place(value, call.node), (1, 1, value.axes[0])


def binary_product(
    call: Call,
    lowering: Lowering,
    bits: Signs,
    weight: Tensor,
    window: Window,
    shape: Shape,
    groups: int = 1,
    padding_value: int = 0,
) -> Value:
    """A convolution of signs with signs, and the integers that begin at it.

    Args:
        weight: +1 and -1, [O, C / groups, kh, kw].
        shape: of the result.
    """
    node = call.node
    words = pack_signs(weight.numpy().transpose(0, 2, 3, 1))
    output = lowering.draft.tensor("int32", shape, node)
    op = BinaryConv(node.name, (bits.tensor,), (output,), words, window, groups, padding_value)
    lowering.draft.add(op, node)
    lowering.report.append(describe_product(node, op.kind, (1, 1), weight.numel(), words.nbytes, ""))
    depth = np.full(shape[2], weight[0].numel(), np.int64)
    return integer_stream(output, len(call.axes) + 1, depth, lowering)


def integer_stream(tensor: int, rank: int, bound: NDArray[np.int64], lowering: Lowering) -> Value:
    """What begins at a product: its integers."""
    shape = lowering.draft.tensors[tensor].shape
    chain = Chain((), rank, shape[2])
    return image_value(Stream(shape, tensor, bound, chain, Input(tensor)), rank)
