"""One op at a time: the engine is given torch's own input of the op, and its output is held against torch's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from signbit.convert.graph import Graph, image_shape
from signbit.engine import Model, Session, pack_bits, unpack_bits
from signbit.verify import bounds

Array = NDArray[Any]


@dataclass
class OpResult:
    """What one op did over all inputs.

    Attributes:
        index: of the op in the model file.
        kind: of the op, such as `binary_conv`.
        name: of the op.
        elements: how many output values were compared.
        equal: how many of them were the same to the bit.
        flips: bits of floats that differ, each closer to zero than the bound.
        worst: the largest difference of floats as a share of its bound; 0 where all are equal.
        error: the rule that was broken, or empty.
    """

    index: int
    kind: str
    name: str
    elements: int = 0
    equal: int = 0
    flips: int = 0
    worst: float = 0.0
    error: str = ""

    def record(self, equal: Array) -> None:
        """Count one compared output."""
        self.elements += equal.size
        self.equal += int(equal.sum())


@dataclass
class Comparison:
    """Engine sessions beside the captured graph of the module that was converted.

    ``batched`` runs several images together; its results must be those of ``session``, to the bit.
    """

    graph: Graph
    model: Model
    session: Session
    batched: Session
    results: list[OpResult] = field(init=False)

    def __post_init__(self) -> None:
        self.results = [OpResult(index, op.kind, op.name) for index, op in enumerate(self.model.ops)]
        self._nodes = {node.name: node for node in [self.graph.input, *self.graph.nodes]}
        self._check_shapes()

    def _check_shapes(self) -> None:
        """The file names its tensors after the nodes of the graph it was made from; another graph has others."""
        for index, tensor in enumerate(self.model.tensors):
            node = self._nodes.get(tensor.name)
            shape = (tensor.height, tensor.width, tensor.channels)
            if node is not None and image_shape(node) != shape:
                theirs = "the module's is {} x {} x {}".format(*image_shape(node))
                ours = f"its tensor {tensor.name!r} is {shape[0]} x {shape[1]} x {shape[2]}, {theirs}"
            elif node is None and (tensor.name or index == self.model.output):
                ours = f"the module has nothing named {tensor.name!r}"
            else:
                continue
            raise ValueError(f"the model file was not converted from this module: {ours}; convert it again")

    def torch_values(self, images: torch.Tensor) -> list[Array | None]:
        """For each tensor of the model file torch's value of it, in the engine's layout; None for the engine's own."""
        values = self.graph.run(images)
        return [
            self._in_engine_layout(values[self._nodes[tensor.name]], tensor.dtype, tensor.name)
            if tensor.name in self._nodes
            else None
            for tensor in self.model.tensors
        ]

    @staticmethod
    def _in_engine_layout(value: torch.Tensor, dtype: str, name: str) -> Array:
        array: Array = value.detach().numpy()
        array = array.transpose(0, 2, 3, 1) if array.ndim == 4 else array[:, None, None, :]
        if dtype == "bits":
            return np.asarray(pack_bits(array))
        if dtype == "int32":
            integers = np.rint(array).astype(np.int32)
            if not np.array_equal(integers, array):
                raise AssertionError(f"torch's value of {name} is not integers: the product was not computed exactly")
            return np.ascontiguousarray(integers)
        return np.ascontiguousarray(array, np.uint8 if dtype == "uint8" else np.float32)

    def check_ops(self, values: list[Array | None]) -> None:
        """Run every op on torch's values of its inputs and compare its outputs with torch's.

        A tensor that torch does not have (a pool moved before a norm) is the engine's own value of it.
        """
        current = list(values)
        for index, op in enumerate(self.model.ops):
            inputs = [array for tensor in op.inputs if (array := current[tensor]) is not None]
            outputs = self.session.run_op(index, inputs)
            for position, (tensor, output) in enumerate(zip(op.outputs, outputs, strict=True)):
                wanted = values[tensor]
                if wanted is None:
                    current[tensor] = output
                else:
                    self._compare(index, position, inputs, output, wanted)

    def _compare(self, index: int, position: int, inputs: Sequence[Any], output: Array, wanted: Array) -> None:
        op, result = self.model.ops[index], self.results[index]
        tensor = self.model.tensors[op.outputs[position]]
        if tensor.dtype == "bits":
            output, wanted = unpack_bits(output, tensor.channels), unpack_bits(wanted, tensor.channels)
        same = output == wanted
        if output.dtype == np.float32:
            same |= np.isnan(output) & np.isnan(wanted)
        result.record(same)
        if same.all():
            return
        if op.kind not in ("pointwise", "float_conv"):
            result.error = result.error or f"{_count(same)} values of {tensor.name!r} differ; this op is exact"
            return
        bounded = self.bounded_output(index, position, inputs)
        result.error = result.error or self._judge(result, tensor.dtype, tensor.name, output, wanted, same, bounded)

    @staticmethod
    def _judge(
        result: OpResult, dtype: str, name: str, output: Array, wanted: Array, same: Array, bounded: bounds.Bounded
    ) -> str:
        allowed = 2 * np.broadcast_to(bounded.error, same.shape)
        if dtype == "bits":
            near = np.abs(np.broadcast_to(bounded.value, same.shape)) <= allowed
            result.flips += int((~same & near).sum())
            if (same | near).all():
                return ""
            return f"{_count(same | near)} bits of {name!r} differ although their floats are clear of zero"
        with np.errstate(all="ignore"):
            share = np.where(same, 0.0, np.abs(output.astype(np.float64) - wanted) / allowed)
        result.worst = max(result.worst, float(np.nan_to_num(share, nan=np.inf).max()))
        if result.worst <= 1:
            return ""
        return f"a float of {name!r} is {result.worst:.3g} times its bound away from torch's"

    def bounded_output(
        self, index: int, position: int, inputs: Sequence[Array], errors: Sequence[Array] | None = None
    ) -> bounds.Bounded:
        """An output of a real-valued op in float64 with its error bound.

        Args:
            inputs: the arrays the op is given.
            errors: how far each of them may be off already; none without.
        """
        op = self.model.ops[index]
        bounded = []
        for number, (tensor, array) in enumerate(zip(op.inputs, inputs, strict=True)):
            known = self.model.tensors[tensor]
            values = bounds.exact(unpack_bits(array, known.channels) if known.dtype == "bits" else array)
            bounded.append(bounds.Bounded(values.value, errors[number]) if errors else values)
        constants = [self.model.constant(constant) for constant in op.constants]
        if op.kind == "pointwise":
            return bounds.run_program(op.attributes, bounded, constants)[position]
        height, width = op.attributes[:2]
        outputs = self.model.tensors[op.outputs[0]].channels
        weight = constants[0].reshape(outputs, height, width, -1)
        return bounds.run_convolution(op.attributes, bounded[0], weight, constants[1] if len(constants) > 1 else None)


def _count(same: Array) -> str:
    return f"{int((~same).sum())} of {same.size}"
