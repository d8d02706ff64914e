"""The tensors and ops of a model file while it is being put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from signbit.convert.expression import Expression, Input, compile_program
from signbit.convert.fold import Thresholds
from signbit.modelfile import ModelFile, Op, Tensor
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.concat import Concat
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.select import Select
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.window import Window
from signbit.preprocessing import Preprocessing

Shape = tuple[int, int, int]
"""Height, width, channels."""

_MAX_OUTPUTS = 16  # of a pointwise op
_MAX_JOINED = 256  # inputs of a concat


@dataclass(frozen=True)
class Finished:
    """A model file and where it comes from.

    Attributes:
        model: the model file.
        nodes: for each of its tensors the node of the captured graph whose value it holds, where there is one.
        numbers: the model file's number of each of the draft's tensors.
    """

    model: ModelFile
    nodes: list[fx.Node | None]
    numbers: Mapping[int, int]


@dataclass
class Draft:
    """A model file in the making; tensors are named by their index in ``tensors``.

    Ops are written as soon as somebody might want them; `finish` drops those that the output does not need.
    """

    tensors: list[Tensor] = field(default_factory=list)
    nodes: dict[int, fx.Node] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)
    op_nodes: dict[str, fx.Node] = field(default_factory=dict)

    def tensor(self, dtype: str, shape: Shape, node: fx.Node | None = None) -> int:
        """A new tensor; ``node`` is the one whose value it holds, element for element."""
        self.tensors.append(Tensor("", dtype, *shape))
        tensor = len(self.tensors) - 1
        return tensor if node is None else self.name(tensor, node)

    def add(self, op: Op, node: fx.Node) -> int:
        """Write an op with one output on behalf of a node; returns the output."""
        self.ops.append(op)
        self.op_nodes[op.name] = node
        return op.outputs[0]

    def threshold(self, node: fx.Node, integers: int, bits: int, found: Thresholds) -> int:
        """Integers to bits."""
        return self.add(Threshold(node.name, (integers,), (bits,), found.intervals, found.tables), node)

    def pointwise(self, node: fx.Node, expression: Expression, output: int) -> int:
        """The value of an expression, as floats or as bits.

        Bits of floats that another pointwise op has just computed are one more output of that op.
        """
        if isinstance(expression, Input) and self.tensors[output].dtype == "bits":
            index = self._pointwise_writer(expression.tensor)
            if index is not None:
                self.ops[index] = _one_more_output(self.ops[index], expression.tensor, output)
                return output
        program = compile_program(expression)
        steps, constants = tuple(program.steps), tuple(program.constants)
        op = Pointwise(node.name, tuple(program.inputs), (output,), steps, constants, (program.result,))
        return self.add(op, node)

    def fixed(self, node: fx.Node, like: int, values: NDArray[np.float32]) -> int:
        """A float32 tensor of the size of ``like`` that holds the same numbers for every image, one a channel."""
        output = self.tensor("float32", self.tensors[like].shape)
        return self.add(Pointwise(node.name, (like,), (output,), (), (values,), (1,)), node)

    def max_pool(
        self, node: fx.Node, source: int, output: int, window: Window, minimum: NDArray[np.bool_] | None = None
    ) -> int:
        """The largest value of each window, or the smallest in the channels of ``minimum``."""
        turned = minimum if minimum is not None and minimum.any() else None
        return self.add(MaxPool(node.name, (source,), (output,), window, turned), node)

    def select(self, node: fx.Node, source: int, index: NDArray[np.int64]) -> int:
        """Channels by their number; -1 gives a channel of zeros, or of +1."""
        known = self.tensors[source]
        if np.array_equal(index, np.arange(known.channels)):
            return source
        output = self.tensor(known.dtype, (known.height, known.width, len(index)))
        return self.add(Select(node.name, (source,), (output,), index.astype(np.int32)), node)

    def concat(self, node: fx.Node, sources: Sequence[int]) -> int:
        """Channels side by side, however many tensors there are."""
        while len(sources) > 1:
            groups = [sources[first : first + _MAX_JOINED] for first in range(0, len(sources), _MAX_JOINED)]
            sources = [self._join(node, group) for group in groups]
        return sources[0]

    def _join(self, node: fx.Node, sources: Sequence[int]) -> int:
        if len(sources) == 1:
            return sources[0]
        first = self.tensors[sources[0]]
        channels = sum(self.tensors[source].channels for source in sources)
        output = self.tensor(first.dtype, (first.height, first.width, channels))
        return self.add(Concat(node.name, tuple(sources), (output,)), node)

    def name(self, tensor: int, node: fx.Node) -> int:
        """Say that a tensor holds a node's value, unless it has a name already; returns the tensor.

        Floats do not hold what torch has as bytes, pixels that were pooled or joined: those are the engine's own. Nor
        does a tensor hold what a node gives several results of.
        """
        known, value = self.tensors[tensor], node.meta["val"]
        is_held = isinstance(value, torch.Tensor) and (value.dtype != torch.uint8 or known.dtype != "float32")
        if tensor not in self.nodes and is_held:
            self.nodes[tensor] = node
            self.tensors[tensor] = replace(known, name=node.name)
        return tensor

    def finish(
        self, output: int, labels: Sequence[str], metadata: Mapping[str, Any], preprocessing: Preprocessing | None
    ) -> Finished:
        """The model file: without what the output does not need, thresholds fused into the products before them."""
        self._drop_unused_outputs(output)
        self._fuse_thresholds(output)
        used = sorted({0, output} | {tensor for op in self.ops for tensor in (*op.inputs, *op.outputs)})
        number = {old: new for new, old in enumerate(used)}
        ops = [
            replace(
                op,
                inputs=tuple(number[tensor] for tensor in op.inputs),
                outputs=tuple(number[tensor] for tensor in op.outputs),
            )
            for op in self.ops
        ]
        tensors = [self.tensors[old] for old in used]
        model = ModelFile(tensors, ops, 0, number[output], list(labels), dict(metadata), preprocessing)
        return Finished(model, [self.nodes.get(old) for old in used], number)

    def _pointwise_writer(self, tensor: int) -> int | None:
        for index, op in enumerate(self.ops):
            if isinstance(op, Pointwise) and tensor in op.outputs and len(op.outputs) < _MAX_OUTPUTS:
                return index
        return None

    def _drop_unused_outputs(self, output: int) -> None:
        needed = {output}
        kept: list[Op] = []
        for op in reversed(self.ops):
            if not needed.intersection(op.outputs):
                continue
            needed.update(op.inputs)
            kept.append(_needed_outputs(op, needed) if isinstance(op, Pointwise) else op)
        self.ops = kept[::-1]

    def _fuse_thresholds(self, output: int) -> None:
        """A product whose integers only one threshold reads writes the bits itself, unless a table is needed."""
        readers: dict[int, list[Op]] = {}
        for op in self.ops:
            for tensor in op.inputs:
                readers.setdefault(tensor, []).append(op)
        fused: dict[int, Op] = {}
        for op in self.ops:
            after = readers.get(op.outputs[0], [])
            if not isinstance(op, BinaryConv) or op.outputs[0] == output or len(after) != 1:
                continue
            threshold = after[0]
            if isinstance(threshold, Threshold) and threshold.tables is None:
                fused[id(op)] = replace(op, outputs=threshold.outputs, intervals=threshold.intervals)
                fused[id(threshold)] = threshold
        kept = [op for op in self.ops if not (isinstance(op, Threshold) and id(op) in fused)]
        self.ops = [fused.get(id(op), op) for op in kept]


def _one_more_output(op: Op, tensor: int, output: int) -> Op:
    assert isinstance(op, Pointwise)
    result = op.results[op.outputs.index(tensor)]
    return replace(op, outputs=(*op.outputs, output), results=(*op.results, result))


def _needed_outputs(op: Pointwise, needed: set[int]) -> Op:
    pairs = [(tensor, result) for tensor, result in zip(op.outputs, op.results, strict=True) if tensor in needed]
    return replace(op, outputs=tuple(tensor for tensor, _ in pairs), results=tuple(result for _, result in pairs))
