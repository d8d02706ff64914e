"""Compare the whole network: every difference must come from a bit whose float was closer to zero than its bound.

If no bit and no output comes from a float, every value must be equal. Otherwise torch's graph runs again with the
engine's values for the bits that come from floats. Then every integer and every other bit must be equal; each of those
bits must be torch's, or come from a float closer to zero than its bound; and every float, the output included, must be
within its bound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from signbit.convert.capture import call
from signbit.modelfile import Op
from signbit.modelfile.bounds import Bounded, exact
from signbit.verify.compare import Comparison, count, equal, near_zero, share_of_bound
from signbit.verify.layout import CannotHold, real_values, signs_to_torch, to_engine

Array = NDArray[Any]


def is_exact(comparison: Comparison) -> bool:
    """Whether everything in the network is a function of integers, so that nothing may differ anywhere."""
    return all(comparison.gives_torchs_own(op) for op in comparison.model.ops)


def unexplained(
    comparison: Comparison, images: torch.Tensor, torch_values: list[Array | None], trace: list[Array]
) -> tuple[str, int]:
    """A message about a difference that is not allowed, empty if there is none; and the number of flips.

    Args:
        images: a batch.
        torch_values: of each tensor, in the engine's layout; None for those that torch does not have.
        trace: the engine's own.
    """
    rows = _rows_that_differ(torch_values, trace)
    if not rows.any():
        return "", 0
    if is_exact(comparison):
        return _first_difference(comparison, torch_values, trace), 0
    rerun = _Rerun(comparison, images[torch.from_numpy(rows)], [array[rows] for array in trace])
    return rerun.fault(), rerun.flips


def _rows_that_differ(torch_values: list[Array | None], trace: list[Array]) -> Array:
    rows = np.zeros(len(trace[0]), bool)
    for wanted, got in zip(torch_values, trace, strict=True):
        if wanted is not None:
            rows |= ~equal(wanted, got).reshape(len(rows), -1).all(1)
    return rows


def _first_difference(comparison: Comparison, torch_values: list[Array | None], trace: list[Array]) -> str:
    for index, op in enumerate(comparison.model.ops):
        for tensor in op.outputs:
            known, wanted = comparison.model.tensors[tensor], torch_values[tensor]
            if wanted is not None and not equal(wanted, trace[tensor]).all():
                same = equal(real_values(wanted, known), real_values(trace[tensor], known))
                return f"op {index} ({op.kind} {op.name}): {count(same)} values differ, but none comes from a float"
    raise AssertionError("nothing differs")


class _Rerun:
    """Torch's graph, run again with the engine's bits of floats, beside the engine's trace."""

    def __init__(self, comparison: Comparison, images: torch.Tensor, trace: list[Array]) -> None:
        self.comparison, self.trace, self.flips = comparison, trace, 0
        self.tensors, self.nodes = comparison.model.tensors, comparison.conversion.nodes
        self.values = comparison.conversion.graph.run(images, self._bits())
        self.bounded: dict[int, Bounded] = {}

    def _bits(self) -> dict[fx.Node, torch.Tensor]:
        found: dict[fx.Node, torch.Tensor] = {}
        for op in self.comparison.model.ops:
            for tensor in op.outputs:
                node = self.nodes[tensor]
                if node is not None and self.comparison.is_float_sign(op, tensor):
                    found[node] = signs_to_torch(self.trace[tensor], self.tensors[tensor], node.meta["val"])
        return found

    def fault(self) -> str:
        """A message about the first rule that is broken; empty if none is."""
        for index, op in enumerate(self.comparison.model.ops):
            for tensor, bounded in zip(op.outputs, self._bounded_outputs(op), strict=True):
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
        if not self.comparison.gives_torchs_own(op):
            return op.bound(inputs)
        tensors = [self.tensors[tensor] for tensor in op.outputs]
        if self.tensors[op.inputs[0]].dtype != "float32":
            return [exact(real_values(self.trace[tensor], self.tensors[tensor])) for tensor in op.outputs]
        values = op.reference([given.value for given in inputs], tensors)  # it moves floats, and so their errors
        errors = op.reference([given.error for given in inputs], tensors)
        return [Bounded(*pair) for pair in zip(values, errors, strict=True)]

    def _wrong(self, op: Op, tensor: int, bounded: Bounded) -> str:
        node, known = self.nodes[tensor], self.tensors[tensor]
        if node is None:
            return ""
        got = real_values(self.trace[tensor], known)
        is_float_sign = self.comparison.is_float_sign(op, tensor)
        try:  # the node itself has the engine's bits there
            value = call(node, self.values.__getitem__) if is_float_sign else self.values[node]
            wanted = real_values(to_engine(value, known), known)
        except CannotHold as error:
            return str(error)
        if known.dtype == "float32":
            worst = share_of_bound(got, wanted, bounded)
            return f"a float differs from torch's by {worst:.3g} times its bound" if worst > 1 else ""
        same = equal(got, wanted)
        if not is_float_sign:
            return "" if same.all() else f"{count(same)} values differ although the inputs of the op agree"
        near = near_zero(bounded)
        self.flips += int((~same & near).sum())
        clear = ~(same | near)
        return f"{int(clear.sum())} bits differ although their floats are not near zero" if clear.any() else ""
