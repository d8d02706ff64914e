"""Concatenation of channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from signbit.modelfile.ops.op import Array, Op, Record
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class Concat(Op):
    """The channels of the inputs, in order; int32, float32 or bits, and the type stays the same."""

    kind: ClassVar[str] = "concat"
    code: ClassVar[int] = 7
    input_types: ClassVar[tuple[str, ...]] = ("int32", "float32", "bits")

    def encode(self) -> tuple[list[Array], list[int]]:
        return [], []

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Concat:
        if not 2 <= len(inputs) <= 256:
            raise ValueError(f"{len(inputs)} inputs; it takes 2 to 256")
        if any(tensor.shape[:2] != inputs[0].shape[:2] for tensor in inputs):
            raise ValueError("the inputs differ in height or width; they must be the same")
        record.expect_nothing_else()
        return cls(*record.ends)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [(inputs[0].height, inputs[0].width, sum(tensor.channels for tensor in inputs))]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        return [np.concatenate(inputs, axis=-1)]

    def output_ranges(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> list[Range]:
        return [Range.joined(inputs, [tensor.channels for tensor in tensors])]
