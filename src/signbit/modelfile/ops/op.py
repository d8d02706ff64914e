"""The contract of an op: one file per kind holds everything that Python knows about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.bounds import Bounded
from signbit.modelfile.costs import Cost
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import ELEMENT_TYPES, Tensor

Array = NDArray[Any]

FIRST_INEXACT = 2**24  # whole numbers below it are exact in float32


@dataclass(frozen=True)
class Record:
    """An op as stored in a file: its kind, and its fields by position.

    Attributes:
        kind: name of the kind.
        name: name of the op in messages and reports.
        inputs: indices of the input tensors.
        outputs: indices of the output tensors.
        constants: arrays of int8, int32, float32 or uint64 (bits).
        attributes: integers.
    """

    kind: str
    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    constants: Sequence[Array] = ()
    attributes: Sequence[int] = ()

    @property
    def ends(self) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
        """Name, inputs and outputs: the first fields of every op."""
        return self.name, tuple(self.inputs), tuple(self.outputs)

    def expect_nothing_else(self) -> None:
        """Check that the op has neither constants nor attributes.

        Raises:
            ValueError: it has constants or attributes.
        """
        if self.constants or self.attributes:
            raise ValueError(f"{len(self.constants)} constants and {len(self.attributes)} attributes; it takes neither")


def constant_of(array: Array, dtype: str, shape: tuple[int, ...], what: str) -> Array:
    """A constant of a record, in its proper shape.

    Raises:
        ValueError: its type or number of elements is wrong; the message begins with ``what``.
    """
    if array.dtype != ELEMENT_TYPES[dtype]:
        raise ValueError(f"{what} is {array.dtype}; it must be {dtype}")
    try:
        return array.reshape(shape)
    except ValueError:
        raise ValueError(f"{what} has {array.size} elements; they must fill the shape {shape}") from None


@dataclass(frozen=True, eq=False)
class Op(ABC):
    """One node of a network; a subclass is final, and its fields are the constants and attributes by name.

    Arrays of integers, floats and pixels are [N, H, W, C]; signs are int8 [N, H, W, C] of +1 and -1, not words.

    Attributes:
        name: name of the op in messages and reports.
        inputs: indices of the input tensors in the model file.
        outputs: indices of the output tensors in the model file.
    """

    kind: ClassVar[str]
    code: ClassVar[int]
    exact: ClassVar[bool] = True  # no rounding: torch's result is the same, to the bit
    input_types: ClassVar[tuple[str, ...]]
    output_types: ClassVar[tuple[str, ...]] = ()  # none: that of the inputs, which are all of one type
    slow_because: ClassVar[str] = "each value is read and written once for each step"
    """Why the op is slower than its bound, for ops without a product."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @abstractmethod
    def encode(self) -> tuple[list[Array], list[int]]:
        """Constants and attributes in the order of the file format."""

    @classmethod
    @abstractmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Op:
        """The op of a record; its constants may be flat, since its tensors determine their shapes.

        Raises:
            ValueError: the number of inputs, constants or attributes is wrong, or one of them is not allowed.
        """

    @abstractmethod
    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        """Height, width and channels of each output."""

    def check(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Check that the op can read and write these tensors.

        Raises:
            ValueError: their number, a type or a shape is wrong.
        """
        for tensor in inputs:
            if tensor.dtype not in self.input_types:
                raise ValueError(f"an input is {tensor.dtype}; it must be {' or '.join(self.input_types)}")
        allowed = self.output_types or (inputs[0].dtype,)
        if not self.output_types and any(tensor.dtype != inputs[0].dtype for tensor in inputs):
            raise ValueError("the inputs have different types; they must have the same")
        for tensor in outputs:
            if tensor.dtype not in allowed:
                raise ValueError(f"an output is {tensor.dtype}; it must be {' or '.join(allowed)}")
        self.check_shapes(inputs, outputs)

    def check_shapes(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Check the shapes of the outputs against those of the inputs.

        Raises:
            ValueError: an output has the wrong shape.
        """
        shapes = [tensor.shape for tensor in outputs]
        if shapes != self.output_shapes(inputs):
            raise ValueError(f"the outputs have the shapes {shapes}; they must be {self.output_shapes(inputs)}")

    @abstractmethod
    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        """Compute the outputs in numpy: slow but readable, and the definition of the op."""

    def bound(self, inputs: Sequence[Bounded]) -> list[Bounded]:
        """Each output in float64, with a bound on the error of computing it in float32; only for ops that round."""
        raise NotImplementedError(f"{self.kind} is exact")

    def cost(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Cost:
        """The work for one image; by default, reading the inputs and constants and writing the outputs once."""
        return Cost.of_moving(inputs, outputs, self.constant_bytes)

    def output_ranges(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> list[Range]:
        """The range of each channel of each output, from the ranges of the inputs.

        Args:
            inputs: one range for each input.
            tensors: the input tensors.
        """
        return [Range.unknown() for _ in self.outputs]

    def describe(self) -> str:
        """The distinguishing settings of this op in a few words, such as its window; may be empty."""
        return ""

    def channel_kinds(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> dict[str, NDArray[np.bool_]] | None:
        """What decides the sign of each channel, see `thresholds.channel_kinds`; None unless integers become signs.

        Args:
            inputs: one range for each input.
            tensors: the input tensors.
        """
        return None

    @property
    def constant_bytes(self) -> int:
        """Size of the constants in a file, in bytes."""
        return sum(constant.nbytes for constant in self.encode()[0])

    def record(self) -> Record:
        """The record that a file stores."""
        constants, attributes = self.encode()
        return Record(self.kind, self.name, self.inputs, self.outputs, constants, attributes)
