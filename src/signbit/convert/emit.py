"""The ops and tensors of a model file while it is being put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.convert import pointwise as pw
from signbit.convert import write
from signbit.convert.fold import Thresholds
from signbit.convert.pack import pack_words
from signbit.preprocessing import Preprocessing

Shape = tuple[int, int, int]
"""Height, width, channels."""

_MOST_OUTPUTS = 16


@dataclass
class DraftOp:
    """An op that later ones may still add outputs to."""

    kind: str
    name: str
    inputs: list[int]
    outputs: list[int]
    constants: list[NDArray[Any]] = field(default_factory=list)
    attributes: list[int] = field(default_factory=list)


@dataclass
class Draft:
    """A model file in the making; tensors are named by their index in ``tensors``."""

    tensors: list[write.Tensor] = field(default_factory=list)
    ops: list[DraftOp] = field(default_factory=list)

    def tensor(self, name: str, dtype: str, shape: Shape) -> int:
        """A new tensor; its name is that of the graph node whose value it holds, or empty."""
        self.tensors.append(write.Tensor(name, dtype, *shape))
        return len(self.tensors) - 1

    def op(
        self,
        kind: str,
        name: str,
        inputs: list[int],
        output: int,
        constants: list[NDArray[Any]] | None = None,
        attributes: list[int] | None = None,
    ) -> int:
        """Write an op with one output; returns the output."""
        self.ops.append(DraftOp(kind, name, inputs, [output], constants or [], attributes or []))
        return output

    def threshold(self, name: str, integers: int, bits: int, found: Thresholds) -> int:
        """Integers to bits."""
        attributes = [found.first, found.table.shape[1]] if len(found.table) else []
        return self.op("threshold", name, [integers], bits, found.constants(), attributes)

    def pointwise(self, name: str, expression: pw.Expression, output: int) -> int:
        """The value of an expression, as floats or as bits.

        Bits of floats that another pointwise op has just computed are one more output of that op.
        """
        if isinstance(expression, pw.Input) and self.tensors[output].dtype == "bits":
            writer = self._pointwise_writer(expression.tensor)
            if writer is not None and len(writer.outputs) < _MOST_OUTPUTS:
                first_output = 1 + 4 * writer.attributes[0]
                writer.attributes.append(writer.attributes[first_output + writer.outputs.index(expression.tensor)])
                writer.outputs.append(output)
                return output
        program = pw.compile_program(expression)
        return self.op("pointwise", name, program.inputs, output, list(program.constants), program.attributes)

    def _pointwise_writer(self, tensor: int) -> DraftOp | None:
        return next((op for op in self.ops if op.kind == "pointwise" and tensor in op.outputs), None)

    def max_pool(
        self, name: str, source: int, output: int, window: list[int], minimum: NDArray[np.bool_] | None = None
    ) -> int:
        """The largest value of each window, or the smallest in the channels of ``minimum``."""
        constants: list[NDArray[Any]] = [pack_words(minimum)] if minimum is not None and minimum.any() else []
        return self.op("max_pool", name, [source], output, constants, window)

    def finish(
        self, output: int, labels: list[str], metadata: dict[str, Any], preprocessing: Preprocessing | None
    ) -> write.ModelFile:
        """The model file: without what the output does not need, thresholds fused into the products before them."""
        self._drop_unused_ops(output)
        self._fuse_thresholds(output)
        used = sorted({0, output} | {tensor for op in self.ops for tensor in [*op.inputs, *op.outputs]})
        number = {old: new for new, old in enumerate(used)}
        ops = [
            write.Op(
                op.kind,
                op.name,
                [number[tensor] for tensor in op.inputs],
                [number[tensor] for tensor in op.outputs],
                op.constants,
                op.attributes,
            )
            for op in self.ops
        ]
        tensors = [self.tensors[old] for old in used]
        return write.ModelFile(tensors, ops, 0, number[output], labels, metadata, preprocessing)

    def _drop_unused_ops(self, output: int) -> None:
        needed = {output}
        kept: list[DraftOp] = []
        for op in reversed(self.ops):
            if needed.intersection(op.outputs):
                needed.update(op.inputs)
                kept.append(op)
        self.ops = kept[::-1]

    def _fuse_thresholds(self, output: int) -> None:
        """A product whose integers only one threshold reads writes the bits itself, unless a table is needed."""
        readers: dict[int, list[DraftOp]] = {}
        for op in self.ops:
            for tensor in op.inputs:
                readers.setdefault(tensor, []).append(op)
        fused: list[DraftOp] = []
        for op in self.ops:
            after = readers.get(op.outputs[0], [])
            if op.kind != "binary_conv" or op.outputs[0] == output or len(after) != 1:
                continue
            if after[0].kind == "threshold" and not after[0].attributes:
                op.outputs = after[0].outputs
                op.constants = op.constants + after[0].constants
                fused.append(after[0])
        self.ops = [op for op in self.ops if not any(op is other for other in fused)]
