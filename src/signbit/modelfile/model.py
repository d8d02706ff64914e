"""A whole network: its tensors, its ops in execution order, and the data stored with it."""

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
    """The content of a model file.

    Attributes:
        tensors: the tensors that the ops read and write.
        ops: the ops, in execution order.
        input: index of the input in ``tensors``.
        output: index of the output in ``tensors``.
        labels: one class name for each output channel, or an empty list.
        metadata: JSON values stored in the file.
        preprocessing: how a photo becomes the input, which must then be uint8 with 1 or 3 channels; None if not stated.
    """

    tensors: Sequence[Tensor]
    ops: Sequence[Op]
    input: int
    output: int
    labels: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None

    def inputs_of(self, op: Op) -> list[Tensor]:
        """The tensors that the op reads."""
        return [self.tensors[index] for index in op.inputs]

    def outputs_of(self, op: Op) -> list[Tensor]:
        """The tensors that the op writes."""
        return [self.tensors[index] for index in op.outputs]

    def costs(self) -> list[Cost]:
        """The work of each op for one image, in order."""
        return [op.cost(self.inputs_of(op), self.outputs_of(op)) for op in self.ops]

    def ranges(self) -> list[Range]:
        """The range of each channel of each tensor; unknown for tensors that do not hold integers."""
        ranges = [Range.unknown() for _ in self.tensors]
        for op in self.ops:
            given = [ranges[index] for index in op.inputs]
            for index, found in zip(op.outputs, op.output_ranges(given, self.inputs_of(op)), strict=True):
                ranges[index] = found
        return ranges
