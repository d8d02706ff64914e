"""A whole network: its tensors, its ops in the order in which they run, and what travels with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signbit.modelfile.costs import Cost
from signbit.modelfile.ops.op import Op
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor
from signbit.preprocessing import Preprocessing


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes:
        tensors: what the ops read and write.
        ops: the steps, in the order in which they run.
        input, output: indices into ``tensors``.
        labels: one name for each output channel, or none.
        metadata: JSON values that travel with the file.
        preprocessing: how a photo becomes the input, which is uint8 with 1 or 3 channels then; None says nothing.
    """

    tensors: Sequence[Tensor]
    ops: Sequence[Op]
    input: int
    output: int
    labels: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None

    def inputs_of(self, op: Op) -> list[Tensor]:
        """What the op reads."""
        return [self.tensors[index] for index in op.inputs]

    def outputs_of(self, op: Op) -> list[Tensor]:
        """What the op writes."""
        return [self.tensors[index] for index in op.outputs]

    def costs(self) -> list[Cost]:
        """The work of each op for one image, in order."""
        return [op.cost(self.inputs_of(op), self.outputs_of(op)) for op in self.ops]

    def ranges(self) -> list[Range]:
        """The least and the largest integer of each channel of each tensor, unknown where it is none of integers."""
        ranges = [Range.unknown() for _ in self.tensors]
        for op in self.ops:
            given = [ranges[index] for index in op.inputs]
            for index, found in zip(op.outputs, op.output_ranges(given, self.inputs_of(op)), strict=True):
                ranges[index] = found
        return ranges
