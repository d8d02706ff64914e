"""Integers to floats by a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.ops.op import Array, Op, Record, constant_of
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class Lookup(Op):
    """A float for each integer and channel: int32 to float32; integers outside the table use its nearest column.

    Attributes:
        values: float32 [C, length].
        first: the integer of the first column.
    """

    kind: ClassVar[str] = "lookup"
    code: ClassVar[int] = 9
    input_types: ClassVar[tuple[str, ...]] = ("int32",)
    output_types: ClassVar[tuple[str, ...]] = ("float32",)

    values: NDArray[np.float32]
    first: int

    def encode(self) -> tuple[list[Array], list[int]]:
        return [self.values], [self.first, self.values.shape[1]]

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Lookup:
        (given,), _, (values,) = inputs, outputs, record.constants
        first, length = record.attributes
        if length < 1:
            raise ValueError(f"the length of a table is {length}; it is at least 1")
        return cls(*record.ends, constant_of(values, "float32", (given.channels, length), "values"), first)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [inputs[0].shape]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        column = np.clip(inputs[0].astype(np.int64) - self.first, 0, self.values.shape[1] - 1)
        return [self.values[np.arange(len(self.values)), column]]
