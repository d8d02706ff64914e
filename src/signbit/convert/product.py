"""What the operators with weights share: their window, their input in place, and the stream they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, fx

from signbit.convert.chain import Chain
from signbit.convert.expression import Input
from signbit.convert.rearrangement import MAX_SIDE
from signbit.convert.rule import Call, Refused
from signbit.convert.value import Signs, Stream, Value, image_of, image_value
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
        Refused: the engine has no window that large, or padded so far.
    """
    window = Window(pair(kernel), pair(stride), pair(padding), pair(dilation))
    for what, sides in {"kernel": window.kernel, "stride": window.stride, "dilation": window.dilation}.items():
        if max(sides) > MAX_SIDE:
            raise Refused(f"a {what} of {sides[0]} x {sides[1]}; the engine takes at most {MAX_SIDE} a side")
    if any(padding >= reach for padding, reach in zip(window.padding, window.reach, strict=True)):
        raise Refused(
            f"a padding of {window.padding[0]} and {window.padding[1]} around a kernel that covers {window.reach[0]} x "
            f"{window.reach[1]} pixels; the engine pads by less than the kernel covers: each output sees the image"
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
            "mode 'binary', or use torch's own layer where it is to stay real-valued"
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
        raise Refused("its weights are not all +1 or -1; its weight binarizer needs mode 'binary'")
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


def integer_stream(node: fx.Node, tensor: int, rank: int, bound: NDArray[np.int64], lowering: Lowering) -> Value:
    """What begins at a product: its integers."""
    shape = lowering.draft.tensors[tensor].shape
    chain = Chain((), rank, shape[2])
    return image_value(Stream(shape, tensor, bound, chain, Input(tensor)), rank)
