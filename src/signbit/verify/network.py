"""The whole network both ways, and where a differing prediction comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.engine import unpack_bits
from signbit.verify.compare import Comparison

Array = NDArray[Any]


def is_exact(comparison: Comparison) -> bool:
    """Whether every bit of the network comes from integers, so that nothing may differ anywhere."""
    tensors = comparison.model.tensors
    for op in comparison.model.ops:
        writes_bits = any(tensors[output].dtype == "bits" for output in op.outputs)
        if op.kind == "float_conv" or (op.kind == "pointwise" and writes_bits):
            return False
    return True


def first_difference(comparison: Comparison, torch_values: list[Array | None], engine_values: list[Array]) -> str:
    """The first integers or bits of the whole network that differ, in words; empty where all are equal."""
    for index, op in enumerate(comparison.model.ops):
        for tensor in op.outputs:
            wanted, got = torch_values[tensor], engine_values[tensor]
            if wanted is None or comparison.model.tensors[tensor].dtype == "float32":
                continue
            if not np.array_equal(wanted, got):
                return f"op {index} ({op.kind} {op.name}): {int((wanted != got).sum())} of {wanted.size} values differ"
    return ""


def cause_of_difference(comparison: Comparison, torch_values: list[Array | None], engine_values: list[Array]) -> str:
    """Why the engine's prediction for one image differs from torch's.

    Follows the ops in order to the first tensor of integers or bits that differs. It must be bits of floats, and each
    differing float must be closer to zero than the differences of the op's inputs and its own roundings explain.

    Returns:
        ``flip``, ``tie`` (no bit differs; the logits themselves are as close as the floats are), or what is wrong.
    """
    model = comparison.model
    for index, op in enumerate(model.ops):
        for position, tensor in enumerate(op.outputs):
            known, wanted, got = model.tensors[tensor], torch_values[tensor], engine_values[tensor]
            if wanted is None or known.dtype == "float32" or np.array_equal(wanted, got):
                continue
            if op.kind != "pointwise":
                return f"op {index} ({op.kind} {op.name}): integers differ although their inputs agree"
            inputs = [array for source in op.inputs if (array := torch_values[source]) is not None]
            if len(inputs) < len(op.inputs):
                return f"op {index} ({op.kind} {op.name}): its inputs are not torch's"
            errors = [
                np.abs(engine_values[source].astype(np.float64) - array)
                if model.tensors[source].dtype == "float32"
                else np.zeros(1)
                for source, array in zip(op.inputs, inputs, strict=True)
            ]
            bounded = comparison.bounded_output(index, position, inputs, errors)
            differs = unpack_bits(wanted, known.channels) != unpack_bits(got, known.channels)
            clear = differs & (np.abs(bounded.value) > 2 * bounded.error)
            if clear.any():
                what = f"{int(clear.sum())} bits differ although their floats are clear of zero"
                return f"op {index} ({op.kind} {op.name}): {what}"
            return "flip"
    wanted, got = torch_values[model.output], engine_values[model.output]
    assert wanted is not None
    gap = np.sort(wanted.reshape(-1))[-2:]
    return "tie" if gap[1] - gap[0] <= 2 * np.abs(wanted - got).max() else "the logits differ by more than a tie"
