"""What is in a model file: ops, shapes, thresholds, bytes, channels that never change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from signbit.engine import Model, supported_isas
from signbit.modelfile import ModelFile, Op
from signbit.modelfile.costs import PRODUCTS, Cost
from signbit.modelfile.ranges import Range


def describe(model: Model) -> dict[str, Any]:
    """A model file in plain values.

    A dead channel is one whose sign is the same for every image: the integers that reach it lie on one side of its
    thresholds. It costs time and carries nothing.
    """
    file = model.file
    work, ranges = file.costs(), file.ranges()
    rows = [_row(file, index, cost, ranges) for index, cost in enumerate(work)]
    photos = model.preprocessing
    return {
        "model_file_bytes": model.file_bytes,
        "input": str(file.tensors[file.input]),
        "output": str(file.tensors[file.output]),
        "classes": len(file.labels),
        "photos": None if photos is None else asdict(photos),
        "metadata": file.metadata,
        "macs": {product: sum(cost.macs for cost in work if cost.product == product) for product in PRODUCTS},
        "constant_bytes": sum(row["bytes"] for row in rows),
        "tensor_bytes": sum(tensor.bytes for tensor in file.tensors),
        "arena_bytes": model.session().arena_bytes,
        "isas": supported_isas(),
        "dead_channels": sum(len(row["dead"]) for row in rows),
        "ops": rows,
    }


def _row(file: ModelFile, index: int, cost: Cost, ranges: list[Range]) -> dict[str, Any]:
    op = file.ops[index]
    thresholds, dead = _thresholds(file, op, ranges)
    return {
        "op": index,
        "kind": op.kind,
        "name": op.name,
        "inputs": list(op.inputs),
        "outputs": [str(tensor) for tensor in file.outputs_of(op)],
        "window": op.describe(),
        "macs": cost.macs,
        "bytes": op.constant_bytes,
        "thresholds": thresholds,
        "dead": dead,
    }


def _thresholds(file: ModelFile, op: Op, ranges: list[Range]) -> tuple[dict[str, int] | None, list[int]]:
    """How many channels have one threshold, an interval, a table, or none; and those that are dead."""
    kinds = op.channel_kinds([ranges[index] for index in op.inputs], file.inputs_of(op))
    if kinds is None:
        return None, []
    return {kind: int(mask.sum()) for kind, mask in kinds.items()}, np.nonzero(kinds["dead"])[0].tolist()
