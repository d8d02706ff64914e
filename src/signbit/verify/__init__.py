"""Torch against engine: op by op on torch's own inputs, then the whole network.

What can be exact is exact, and what cannot is bounded and counted:

- integers, and bits that come from integers, are equal;
- a float is within the bound of its op (`bounds`);
- a bit that comes from a float may differ only where that float is closer to zero than the bound; it is counted;
- a prediction may differ only because of such a bit, and is traced to it.
"""

from __future__ import annotations

from signbit.extras import need

need("torch", __name__)

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from signbit.convert.graph import Graph, capture
from signbit.engine import Model
from signbit.verify.adversarial import adversarial_inputs
from signbit.verify.compare import Array, Comparison, OpResult
from signbit.verify.network import cause_of_difference, first_difference, is_exact

BATCHED = 4  # images at once in the second session; the adversarial batches of 1, 3 and 5 leave remainders

__all__ = ["OpResult", "Verification", "verify"]


@dataclass
class Verification:
    """What was compared, and whether every rule held.

    Attributes:
        exact: whether no bit of the network comes from a float: then everything must be equal.
        isa: the instruction set that ran.
        ops: one result an op.
        images: how many were run through the whole network, adversarial ones included.
        equal_outputs: how many of them gave torch's own output, to the bit.
        mismatched_predictions: how many gave another class.
        traced: how many of those come from a counted flip or a tie.
        errors: the rules that were broken; empty is a pass.
    """

    exact: bool
    isa: str
    ops: list[OpResult]
    images: int = 0
    equal_outputs: int = 0
    mismatched_predictions: int = 0
    traced: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every rule held."""
        return not self.errors

    @property
    def flips(self) -> int:
        """Bits of floats that differed, each closer to zero than its bound."""
        return sum(op.flips for op in self.ops)


def verify(
    module: nn.Module,
    model: Model,
    images: Tensor,
    *,
    isa: str | None = None,
    threads: int = 1,
    batch: int = 64,
    graph: Graph | None = None,
) -> Verification:
    """Compare a module with the model file it was converted to.

    Args:
        module: as it was given to `convert`; a copy of it runs in eval mode, float32, on the CPU.
        model: the model file, loaded.
        images: real inputs [N, C, H, W] or [N, F], of the model's input type.
        isa: the instruction set of the engine; the best one by default.
        threads: of the engine.
        batch: how many are run at once.
        graph: of the module, where it was captured before (a second instruction set, say).
    """
    one = model.session(threads=threads, isa=isa)
    several = model.session(threads=threads, isa=isa, batch=BATCHED)
    comparison = Comparison(graph or capture(module, images[:2]), model, one, several)
    found = Verification(is_exact(comparison), comparison.session.isa, comparison.results)
    module = copy.deepcopy(module).eval().to("cpu")
    adversarial = list(adversarial_inputs(tuple(images.shape[1:]), images.dtype))
    for name, inputs in [*adversarial, *_batches("image", images, batch)]:
        values = comparison.torch_values(inputs)
        _check_ops(comparison, found, name, values)
        with torch.no_grad():
            wanted = module(inputs).numpy()
        _check_network(comparison, found, name, inputs, values, wanted)
    return found


def _batches(name: str, images: Tensor, batch: int) -> Iterable[tuple[str, Tensor]]:
    for first in range(0, len(images), batch):
        yield f"{name} {first}", images[first : first + batch]


def _check_ops(comparison: Comparison, found: Verification, name: str, values: list[Array | None]) -> None:
    failed = {op.index for op in comparison.results if op.error}
    comparison.check_ops(values)
    for op in comparison.results:
        if op.error and op.index not in failed:
            found.errors.append(f"op {op.index} ({op.kind} {op.name}), {name}: {op.error}")


def _check_network(
    comparison: Comparison, found: Verification, name: str, inputs: Tensor, values: list[Array | None], wanted: Array
) -> None:
    layout = inputs.permute(0, 2, 3, 1).contiguous().numpy() if inputs.dim() == 4 else inputs.contiguous().numpy()
    got = comparison.session.run(layout)
    if comparison.batched.run(layout).tobytes() != got.tobytes():
        found.errors.append(f"whole network, {name}: {BATCHED} images at once give another result than one at a time")
    got = got.transpose(0, 3, 1, 2) if got.ndim == 4 else got
    axes = tuple(range(1, wanted.ndim))
    found.images += len(inputs)
    found.equal_outputs += int(((got == wanted) | (np.isnan(got) & np.isnan(wanted))).all(axes).sum())
    differing = np.nonzero((got.argmax(1) != wanted.argmax(1)).reshape(len(inputs), -1).any(1))[0]
    found.mismatched_predictions += len(differing)
    if found.exact:
        unequal = first_difference(comparison, values, comparison.session.trace(layout))
        if unequal or len(differing):
            unequal = unequal or f"{len(differing)} predictions differ"
            found.errors.append(f"whole network, {name}: {unequal}, although no bit comes from a float")
        return
    for index in differing.tolist():
        one = slice(index, index + 1)
        torch_values = [None if value is None else value[one] for value in values]
        cause = cause_of_difference(comparison, torch_values, comparison.session.trace(layout[one]))
        if cause in ("flip", "tie"):
            found.traced += 1
        else:
            found.errors.append(f"whole network, {name}, image {index}: {cause}")
