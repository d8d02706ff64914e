"""The largest value of each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.bits import check_unused_bits, pack_mask, unpack_mask, words_of
from signbit.modelfile.ops.op import Array, Op, Record, constant_of
from signbit.modelfile.ops.window import Window
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class MaxPool(Op):
    """The largest value of each window, or the smallest; int32, float32 or bits, and the type stays the same.

    Taps outside the image are ignored. NaN counts as the largest value; of 0 and -0, the first in the order ky, kx is
    taken. The output's size is rounded down or up; its tensor says which.

    Attributes:
        window: kernel size, stride, padding and dilation.
        minimum: bool [C], the channels that take the smallest value; None if no channel does. Not for floats.
    """

    kind: ClassVar[str] = "max_pool"
    code: ClassVar[int] = 6
    input_types: ClassVar[tuple[str, ...]] = ("int32", "float32", "bits")
    slow_because: ClassVar[str] = (
        "the pixels of a window are compared one after the other; a pool after the sign is of bits"
    )

    window: Window
    minimum: NDArray[np.bool_] | None = None

    @cached_property
    def minimum_words(self) -> list[NDArray[np.uint64]]:
        """``minimum`` as the file has it: one constant or none."""
        return [] if self.minimum is None else [pack_mask(self.minimum)]

    def encode(self) -> tuple[list[Array], list[int]]:
        return [*self.minimum_words], self.window.encode()

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> MaxPool:
        (given,), _ = inputs, outputs
        window, most = Window.decode(record.attributes), int(given.dtype != "float32")
        if len(record.constants) > most:
            raise ValueError(f"{len(record.constants)} constants; a pool of {given.dtype} takes at most {most}")
        words = [constant_of(array, "bits", (words_of(given.channels),), "minimum") for array in record.constants]
        for array in words:
            check_unused_bits(array, given.channels, "minimum")
        result = cls(*record.ends, window, unpack_mask(words[0], given.channels) if words else None)
        vars(result)["minimum_words"] = words  # what ops shared in a file, they share when it is written again
        return result

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        """With the sizes rounded down; `check_shapes` allows both."""
        return [(*self.window.output_size(inputs[0].height, inputs[0].width), inputs[0].channels)]

    def check_shapes(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        (given,), (result,) = inputs, outputs
        sizes = self.window.output_size(given.height, given.width)
        larger = self.window.output_size_up(given.height, given.width)
        for axis, name in enumerate(("height", "width")):
            wanted = result.shape[axis]
            if sizes[axis] < 1 or wanted not in (sizes[axis], larger[axis]):
                raise ValueError(f"the {name} of the output is {wanted}; it must be {sizes[axis]} or {larger[axis]}")
            if not self.window.inside(axis, wanted, given.shape[axis]).any(1).all():
                raise ValueError(f"along its {name}, a window has no pixel of the image")
        if result.channels != given.channels:
            raise ValueError(f"the output has {result.channels} channels; it must have {given.channels}")

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        size = outputs[0].height, outputs[0].width
        patches = self.window.patches(inputs[0], 0, size)
        rows, columns = (self.window.inside(axis, size[axis], inputs[0].shape[1 + axis]) for axis in range(2))
        best, found = patches[..., 0, 0, :], np.zeros(size, bool)
        for ky, kx in np.ndindex(self.window.kernel):
            value, here = patches[..., ky, kx, :], np.outer(rows[:, ky], columns[:, kx])
            wins = self._is_better(value, best) | ~found[..., None]
            best = np.where(here[..., None] & wins, value, best)
            found = found | here
        return [best]

    def output_ranges(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> list[Range]:
        return [inputs[0]]

    def describe(self) -> str:
        return str(self.window)

    def _is_better(self, value: Array, best: Array) -> Array:
        larger = (value > best) | (np.isnan(value) & ~np.isnan(best))
        return larger if self.minimum is None else np.where(self.minimum, value < best, larger)
