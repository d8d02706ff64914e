"""The whole network both ways: what differs must come from bits of floats that were too close to zero to call.

Where no bit comes from a float, everything is equal. Elsewhere torch's graph is run again with the engine's own bits in
the places where bits come from floats. Then every integer and every other bit is equal, each of those bits is that of
torch or of a float closer to zero than its bound, and every float, the output's too, is within its bound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from signbit.modelfile import Op
from signbit.modelfile.bounds import Bounded, exact
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.verify.compare import Comparison, batch_of, equal, share_of_bound
from signbit.verify.layout import real_values, signs_to_torch, to_engine

Array = NDArray[Any]


def is_exact(comparison: Comparison) -> bool:
    """Whether every bit of the network comes from integers, so that nothing may differ anywhere."""
    for op in comparison.model.ops:
        if isinstance(op, FloatConv) or any(_is_float_sign(comparison, op, tensor) for tensor in op.outputs):
            return False
    return True


def _is_float_sign(comparison: Comparison, op: Op, tensor: int) -> bool:
    return not op.exact and comparison.model.tensors[tensor].dtype == "bits"


def unexplained(
    comparison: Comparison, images: torch.Tensor, torch_values: list[Array | None], trace: list[Array]
) -> str:
    """What differs between torch and the engine and may not, in words; empty where all is well.

    Args:
        images: a batch.
        torch_values: of each tensor, in the engine's layout; None for those that torch does not have.
        trace: the engine's own.
    """
    rows = _rows_that_differ(torch_values, trace)
    if not rows.any():
        return ""
    if is_exact(comparison):
        return _first_difference(comparison, torch_values, trace) + ", although no bit comes from a float"
    return _Rerun(comparison, batch_of(images, rows), [array[rows] for array in trace]).fault()


def _rows_that_differ(torch_values: list[Array | None], trace: list[Array]) -> Array:
    rows = np.zeros(len(trace[0]), bool)
    for wanted, got in zip(torch_values, trace, strict=True):
        if wanted is not None:
            rows |= ~equal(wanted, got).reshape(len(rows), -1).all(1)
    return rows


def _first_difference(comparison: Comparison, torch_values: list[Array | None], trace: list[Array]) -> str:
    for index, op in enumerate(comparison.model.ops):
        for tensor in op.outputs:
            wanted = torch_values[tensor]
            if wanted is not None and not (same := equal(wanted, trace[tensor])).all():
                return f"op {index} ({op.kind} {op.name}): {int((~same).sum())} of {same.size} values differ"
    return "nothing differs"


class _Rerun:
    """Torch's graph, run again with the engine's bits of floats, beside the engine's trace."""

    def __init__(self, comparison: Comparison, images: torch.Tensor, trace: list[Array]) -> None:
        self.comparison, self.trace = comparison, trace
        self.tensors, self.nodes = comparison.model.tensors, comparison.conversion.nodes
        graph = comparison.conversion.graph
        self.values = graph.run(images, self._bits())
        self.bounded: dict[int, Bounded] = {}

    def _bits(self) -> dict[fx.Node, torch.Tensor]:
        found: dict[fx.Node, torch.Tensor] = {}
        for op in self.comparison.model.ops:
            for tensor in op.outputs:
                node = self.nodes[tensor]
                if node is not None and _is_float_sign(self.comparison, op, tensor):
                    found[node] = signs_to_torch(self.trace[tensor], self.tensors[tensor], node.meta["val"])
        return found

    def fault(self) -> str:
        """The first rule that is broken, in words; empty where none is."""
        for index, op in enumerate(self.comparison.model.ops):
            outputs = self._bounded_outputs(op)
            for tensor, bounded in zip(op.outputs, outputs, strict=True):
                self.bounded[tensor] = bounded
                wrong = self._wrong(op, tensor, bounded)
                if wrong:
                    return f"op {index} ({op.kind} {op.name}): {wrong}"
        return ""

    def _input(self, tensor: int) -> Bounded:
        """Integers, pixels and bits are the engine's; floats carry how far they may be off."""
        if tensor in self.bounded and self.tensors[tensor].dtype == "float32":
            return self.bounded[tensor]
        return exact(real_values(self.trace[tensor], self.tensors[tensor]))

    def _bounded_outputs(self, op: Op) -> list[Bounded]:
        inputs = [self._input(tensor) for tensor in op.inputs]
        if not op.exact:
            return op.bound(inputs)
        tensors = [self.tensors[tensor] for tensor in op.outputs]
        if tensors[0].dtype != "float32" or self.tensors[op.inputs[0]].dtype != "float32":
            return [exact(real_values(self.trace[tensor], self.tensors[tensor])) for tensor in op.outputs]
        values = op.reference([given.value for given in inputs], tensors)  # it moves floats, and so their errors
        errors = op.reference([np.broadcast_to(given.error, given.value.shape) for given in inputs], tensors)
        return [Bounded(*pair) for pair in zip(values, errors, strict=True)]

    def _wrong(self, op: Op, tensor: int, bounded: Bounded) -> str:
        node, known = self.nodes[tensor], self.tensors[tensor]
        if node is None:
            return ""
        got = real_values(self.trace[tensor], known)
        if _is_float_sign(self.comparison, op, tensor):
            source = node.args[0]
            wanted = real_values(to_engine(torch.ops.signbit.sign(self.values[source]), known), known)  # type: ignore[index]
            clear = ~equal(got, wanted) & (np.abs(bounded.value) > 2 * bounded.error)
            return f"{int(clear.sum())} bits differ although their floats are clear of zero" if clear.any() else ""
        wanted = real_values(to_engine(self.values[node], known), known)
        if known.dtype == "float32":
            worst = share_of_bound(got, wanted, 2 * np.broadcast_to(bounded.error, got.shape))
            return f"a float is {worst:.3g} times its bound away from torch's" if worst > 1 else ""
        different = int((~equal(got, wanted)).sum())
        return f"{different} values differ although those before them agree" if different else ""
