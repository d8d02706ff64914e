"""An image as a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from signbit.modelfile.ops.op import Array, Op, Record
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class Flatten(Op):
    """Channel (c * height + y) * width + x of the output is channel c of pixel (y, x); the type stays the same."""

    kind: ClassVar[str] = "flatten"
    code: ClassVar[int] = 8
    input_types: ClassVar[tuple[str, ...]] = ("int32", "float32", "bits")
    slow_because: ClassVar[str] = "bits change their order one by one"

    def encode(self) -> tuple[list[Array], list[int]]:
        return [], []

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Flatten:
        (_,), _ = inputs, outputs
        record.expect_nothing_else()
        return cls(*record.ends)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [(1, 1, inputs[0].pixels * inputs[0].channels)]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        images = inputs[0]
        return [images.transpose(0, 3, 1, 2).reshape(len(images), 1, 1, -1)]

    def output_ranges(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> list[Range]:
        return [inputs[0].repeated(tensors[0].pixels)]
