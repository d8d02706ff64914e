"""One op at a time: the engine is given torch's own input of the op, and its output is held against torch's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import fx

from signbit.convert import Conversion
from signbit.engine import Model, Session
from signbit.modelfile import Op
from signbit.modelfile.bounds import Bounded, exact
from signbit.verify.layout import real_values, to_engine

Array = NDArray[Any]


@dataclass
class OpResult:
    """The comparison of one op over all inputs.

    Attributes:
        index: position of the op in the model file.
        kind: kind of the op, such as `binary_conv`.
        name: name of the op.
        elements: number of output values compared.
        equal: number of them that were equal.
        flips: number of bits that differ, each from a float closer to zero than the bound.
        worst: largest difference between floats as a fraction of its bound; 0 if all are equal.
        error: the rule that was broken; empty if none was.
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
    """Engine sessions beside the conversion of the module, whose model file has the same structure.

    ``batched`` runs several images together; its results must be those of ``session``, to the bit.
    """

    conversion: Conversion
    model: Model
    session: Session
    batched: Session
    results: list[OpResult] = field(init=False)

    def __post_init__(self) -> None:
        self.results = [OpResult(index, op.kind, op.name) for index, op in enumerate(self.model.ops)]

    def gives_torchs_own(self, op: Op) -> bool:
        """Whether every result must equal torch's: exact ops, and those compared on every integer."""
        return op.exact or op.outputs[0] in self.conversion.folded

    def is_float_sign(self, op: Op, tensor: int) -> bool:
        """Whether a tensor that an op writes holds bits that come from floats."""
        return not op.exact and self.model.tensors[tensor].dtype == "bits"

    def arrays(self, values: dict[fx.Node, Any]) -> list[Array | None]:
        """For each tensor of the model file torch's value of it, in the engine's layout; None for the engine's own.

        Raises:
            CannotHold: the model file's tensor cannot hold torch's value.
        """
        tensors = zip(self.model.tensors, self.conversion.nodes, strict=True)
        return [None if node is None else to_engine(values[node], tensor) for tensor, node in tensors]

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

    def _compare(self, index: int, position: int, inputs: Sequence[Array], output: Array, wanted: Array) -> None:
        op, result = self.model.ops[index], self.results[index]
        tensor = self.model.tensors[op.outputs[position]]
        output, wanted = real_values(output, tensor), real_values(wanted, tensor)
        same = equal(output, wanted)
        result.record(same)
        if same.all():
            return
        if self.gives_torchs_own(op):
            result.error = result.error or f"{count(same)} values of {tensor.name!r} differ; this op is exact"
            return
        bounded = op.bound([exact(array) for array in self._numbers(op, inputs)])[position]
        result.error = result.error or judge(result, tensor.dtype, tensor.name, output, wanted, bounded)

    def _numbers(self, op: Op, inputs: Sequence[Array]) -> list[Array]:
        tensors = [self.model.tensors[tensor] for tensor in op.inputs]
        return [real_values(array, tensor) for array, tensor in zip(inputs, tensors, strict=True)]

    def apart(self, trace: list[Array]) -> str:
        """A message about the first op that gives a different result alone than within the network; empty if none does.

        With this, what holds op by op also holds for a run of the whole network, however wide the bounds grow there.
        """
        for index, op in enumerate(self.model.ops):
            outputs = self.session.run_op(index, [trace[tensor] for tensor in op.inputs])
            for tensor, output in zip(op.outputs, outputs, strict=True):
                if output.tobytes() != trace[tensor].tobytes():
                    return f"op {index} ({op.kind} {op.name}) gives a different result alone than within the network"
        return ""


def equal(one: Array, other: Array) -> Array:
    """Where two arrays hold equal numbers; NaN equals NaN, and the two zeros are equal."""
    same: Array = one == other
    if one.dtype.kind == "f":
        same |= np.isnan(one) & np.isnan(other)
    return same


def judge(result: OpResult, dtype: str, name: str, output: Array, wanted: Array, bounded: Bounded) -> str:
    """Whether what differs is allowed to, by how far two correct computations may be apart; the fault in words."""
    if dtype == "bits":
        same, near = equal(output, wanted), near_zero(bounded)
        result.flips += int((~same & near).sum())
        if (same | near).all():
            return ""
        return f"{count(same | near)} bits of {name!r} differ although their floats are not near zero"
    worst = share_of_bound(output, wanted, bounded)
    result.worst = max(result.worst, worst)
    return "" if worst <= 1 else f"a float of {name!r} differs from torch's by {worst:.3g} times its bound"


def near_zero(bounded: Bounded) -> Array:
    """Where two correct computations may be on two sides of zero; nowhere that there is no bound."""
    return (np.abs(bounded.value) <= bounded.error) & np.isfinite(bounded.error)


def share_of_bound(output: Array, wanted: Array, bounded: Bounded) -> float:
    """The largest difference as a share of what two correct computations may be apart.

    It is infinite where one of the two alone is NaN, and where they differ and there is no bound.
    """
    with np.errstate(all="ignore"):
        allowed = np.where(np.isfinite(bounded.error), 2 * bounded.error, 0.0)
        share = np.where(equal(output, wanted), 0.0, np.abs(output.astype(np.float64) - wanted) / allowed)
    return float(np.nan_to_num(share, nan=np.inf, posinf=np.inf).max(initial=0.0))


def count(same: Array) -> str:
    """How many are not the same, as text."""
    return f"{int((~same).sum())} of {same.size}"
