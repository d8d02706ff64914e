"""What a converted network computes with: signs, functions of integers, and real values.

A value says what one node of the captured graph holds for one image. Its ``base`` is what the engine has or could have:
an image of height x width x channels. What only moves elements (a view, a slice, a transpose) changes the value's
``index`` alone, which numbers the elements of the base; the engine's op follows when a reader needs them in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from signbit.convert.chain import Chain
from signbit.convert.expression import Expression
from signbit.errors import ConvertError
from signbit.modelfile.ops.window import Window

Shape = tuple[int, int, int]
"""Height, width, channels."""


@dataclass(frozen=True, eq=False)
class Signs:
    """Values that are all +1 or -1: a bits tensor of the draft."""

    shape: Shape
    tensor: int


@dataclass(frozen=True, eq=False)
class Pool:
    """A max pool between the integers and a value, which could not be moved to the integers.

    Attributes:
        before: the function that the pool is of.
        shape: of the integers.
        window: of the pool.
    """

    before: Chain
    shape: Shape
    window: Window


@dataclass(frozen=True, eq=False)
class Stream:
    """A function of one integer for each channel; it is not computed before somebody reads it as floats.

    Attributes:
        shape: of the value.
        tensor: the draft's int32 tensor that holds the integers.
        bound: int64 [C], the largest magnitude of each channel's integers.
        chain: the function; of the pooled values where there is a pool.
        expression: the same as steps of the engine, or why there are none.
        pool: a pool on the way, or None.
    """

    shape: Shape
    tensor: int
    bound: NDArray[np.int64]
    chain: Chain
    expression: Expression | ConvertError
    pool: Pool | None = None

    def same_integers(self, other: object) -> bool:
        """Whether both are functions of the same integers, behind the same pool."""
        return isinstance(other, Stream) and self.tensor == other.tensor and self.pool is other.pool


@dataclass(frozen=True, eq=False)
class Real:
    """Real values, as an expression of tensors of one size."""

    shape: Shape
    expression: Expression


@dataclass(frozen=True, eq=False)
class Fixed:
    """The same numbers for every image, although a node that depends on the image gives them: ``y[:, :8] = 0``.

    Attributes:
        shape: of the image.
        values: float32 [elements], by channel, row, column.
    """

    shape: Shape
    values: NDArray[np.float32]


Base = Signs | Stream | Real | Fixed


@dataclass(frozen=True, eq=False)
class Value:
    """What a node holds for one image.

    Attributes:
        axes: the node's shape without the batch.
        base: what the elements are those of.
        index: int64 of that shape: the number of each element in the base, counted by channel, row, column; None where
            they are all elements in order.
    """

    axes: tuple[int, ...]
    base: Base
    index: NDArray[np.int64] | None = None

    @property
    def in_place(self) -> bool:
        """Whether the elements are the base's, as an image [C, H, W] or a vector [C]."""
        return self.index is None and self.axes in (channels_first(self.base.shape), vector_axes(self.base.shape))

    def numbers(self) -> NDArray[np.int64]:
        """``index``, written out."""
        return np.arange(int(np.prod(self.axes))).reshape(self.axes) if self.index is None else self.index

    def of(self, base: Base) -> Value:
        """The same elements of another base."""
        return replace(self, base=base)


def image_value(base: Base, rank: int) -> Value:
    """A base as it is, of so many axes with the batch."""
    return Value(channels_first(base.shape) if rank == 4 else (base.shape[2],), base)


def channels_first(shape: Shape) -> tuple[int, ...]:
    """[C, H, W] of height, width, channels."""
    return shape[2], shape[0], shape[1]


def vector_axes(shape: Shape) -> tuple[int, ...] | None:
    """[C] of an image of one pixel; None of others."""
    return (shape[2],) if shape[:2] == (1, 1) else None


def image_of(axes: tuple[int, ...]) -> Shape | None:
    """Height, width and channels of axes without the batch; None where the engine has no such images."""
    if len(axes) == 3:
        return axes[1], axes[2], axes[0]
    return (1, 1, axes[0]) if len(axes) == 1 else None


@dataclass(frozen=True)
class Folded:
    """A piece of the graph that became thresholds or a lookup: what torch computes for each integer.

    Attributes:
        function: of float32 [K, *features], which is given every integer for every channel.
        features: [C] or [C, 1, 1].
        bound: int64 [C], the largest magnitude of each channel's integers.
        signs: whether the op gives the sign of the function; else its value.
    """

    function: Callable[[Tensor], Tensor]
    features: tuple[int, ...]
    bound: NDArray[np.int64]
    signs: bool


def one_for_each_channel(values: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The number of each channel, [C], of [C, pixels]; None where the pixels of a channel differ in any bit."""
    bits = values.view(np.int32)
    return values[:, 0].copy() if bool((bits == bits[:, :1]).all()) else None
