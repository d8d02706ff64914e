"""Selection of channels by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.ops.op import Array, Op, Record, constant_of
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class Select(Op):
    """Channel c of the output is channel ``index[c]`` of the input; the type stays the same.

    Slices, chunks, shuffles, flips, repeated channels and channels of zeros are all `select` ops.

    Attributes:
        index: int32 [outputs]; -1 gives a channel of 0, or of +1 for bits.
    """

    kind: ClassVar[str] = "select"
    code: ClassVar[int] = 10
    input_types: ClassVar[tuple[str, ...]] = ("int32", "float32", "bits")
    slow_because: ClassVar[str] = "runs of neighbouring channels are copied one by one"

    index: NDArray[np.int32]

    def encode(self) -> tuple[list[Array], list[int]]:
        return [self.index], []

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Select:
        (given,), (result,), (constant,) = inputs, outputs, record.constants
        if record.attributes:
            raise ValueError(f"{len(record.attributes)} attributes; it takes none")
        index = constant_of(constant, "int32", (result.channels,), "index")
        if index.min() < -1 or index.max() >= given.channels:
            raise ValueError(f"channels {index.min()} to {index.max()}, of {given.channels}; -1 is none")
        return cls(*record.ends, index)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [(inputs[0].height, inputs[0].width, len(self.index))]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        picked = inputs[0][..., self.index]
        picked[..., self.index < 0] = 1 if outputs[0].dtype == "bits" else 0
        return [picked]

    def output_ranges(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> list[Range]:
        zero = 1 if tensors[0].dtype == "bits" else 0
        edges = (np.broadcast_to(edge, tensors[0].channels)[self.index] for edge in (inputs[0].least, inputs[0].most))
        return [Range(*(np.where(self.index < 0, zero, edge) for edge in edges))]

    def describe(self) -> str:
        zeros = int(np.count_nonzero(self.index < 0))
        return f"{zeros} of {len(self.index)} channels are zero" if zeros else ""
