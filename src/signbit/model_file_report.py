"""What is in a model file: ops, shapes, thresholds, bytes, channels that never change."""

from __future__ import annotations

from dataclasses import asdict
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.engine import Model, Op, supported_isas, unpack_bits
from signbit.op_costs import PRODUCTS, OpCost, constant_bytes, costs, groups_of, tensor_bytes

_LOWEST, _HIGHEST = -(2**31), 2**31 - 1


def describe(model: Model) -> dict[str, Any]:
    """A model file in plain values.

    A dead channel is one whose sign is the same for every image: the integers that reach it lie on one side of its
    thresholds. It costs time and carries nothing.
    """
    work = costs(model)
    rows = [_row(model, index, cost) for index, cost in enumerate(work)]
    macs = {product: sum(cost.macs for cost in work if cost.product == product) for product in PRODUCTS.values()}
    photos = model.preprocessing
    return {
        "model_file_bytes": model.file_bytes,
        "input": _tensor(model, model.input),
        "output": _tensor(model, model.output),
        "classes": len(model.labels),
        "photos": None if photos is None else asdict(photos),
        "metadata": model.metadata,
        "macs": macs,
        "constant_bytes": sum(row["bytes"] for row in rows),
        "tensor_bytes": sum(tensor_bytes(tensor) for tensor in model.tensors),
        "arena_bytes": model.session().arena_bytes,
        "isas": supported_isas(),
        "dead_channels": sum(len(row["dead"]) for row in rows),
        "ops": rows,
    }


def _tensor(model: Model, index: int) -> str:
    tensor = model.tensors[index]
    return f"{tensor.height} x {tensor.width} x {tensor.channels} {tensor.dtype}"


def _row(model: Model, index: int, cost: OpCost) -> dict[str, Any]:
    op = model.ops[index]
    first = _first_threshold_constant(model, op)
    thresholds = None if first is None else _thresholds(model, op, first)
    return {
        "op": index,
        "kind": op.kind,
        "name": op.name,
        "inputs": list(op.inputs),
        "outputs": [_tensor(model, output) for output in op.outputs],
        "window": _window(op),
        "macs": cost.macs,
        "bytes": constant_bytes(model, op),
        "thresholds": None if thresholds is None else thresholds[0],
        "dead": [] if thresholds is None else thresholds[1],
    }


def _window(op: Op) -> str:
    """Kernel, and what differs from a plain one."""
    if op.kind not in PRODUCTS and op.kind != "max_pool":
        return ""
    height, width, *rest = op.attributes
    names = ("stride", "padding", "dilation")
    usual = ((1, 1), (0, 0), (1, 1))
    pairs = [(rest[2 * i], rest[2 * i + 1]) for i in range(3)]
    said = [
        f"{name} {pair[0]}" if pair[0] == pair[1] else f"{name} {pair[0]}, {pair[1]}"
        for name, pair, plain in zip(names, pairs, usual, strict=True)
        if pair != plain
    ]
    if len(rest) > 6 and rest[6] != 1:
        said.append(f"groups {rest[6]}")
    if len(rest) > 7 and any(pairs[1]):
        said.append(f"value {rest[7]:+d}" if rest[7] else "value 0")
    return ", ".join([f"{height}x{width}", *said])


def _first_threshold_constant(model: Model, op: Op) -> int | None:
    if op.kind == "threshold":
        return 0
    return 1 if op.kind == "binary_conv" and model.tensors[op.outputs[0]].dtype == "bits" else None


def _thresholds(model: Model, op: Op, first: int) -> tuple[dict[str, int], list[int]]:
    """How many channels have one threshold, an interval, a table, or none; and those that are dead."""
    low, high = (model.constant(constant).astype(np.int64) for constant in op.constants[first : first + 2])
    least, most = _range(model, op)
    never = (low > high) | (low > most) | (high < least)
    always = (low <= least) & (high >= most)
    one = (low <= least) ^ (high >= most)
    dead, tabled = never | always, np.zeros(len(low), bool)
    if op.kind == "threshold" and len(op.constants) > 3:
        tabled = model.constant(op.constants[3]) >= 0
        dead[tabled] = _constant_rows(model, op, np.maximum(least, -(2**31)), np.minimum(most, 2**31))[tabled]
    alive = ~dead & ~tabled
    kinds = {"one": alive & one, "interval": alive & ~one, "table": tabled & ~dead, "dead": dead}
    return {kind: int(mask.sum()) for kind, mask in kinds.items()}, np.nonzero(dead)[0].tolist()


def _constant_rows(model: Model, op: Op, least: NDArray[Any], most: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a channel's table says the same for all integers that can come."""
    start, length = op.attributes
    rows = model.constant(op.constants[3])
    table = unpack_bits(model.constant(op.constants[4]).reshape(-1, -(-length // 64)), length)
    first, last = (np.clip(edge - start, 0, length - 1).astype(np.int64) for edge in (least, most))
    return np.array(
        [
            row >= 0 and len(set(table[row, a : b + 1].tolist())) == 1
            for row, a, b in zip(rows, first, last, strict=True)
        ]
    )


def _range(model: Model, op: Op) -> tuple[NDArray[Any], NDArray[Any]]:
    """The least and the largest integer that each channel of the op's thresholds can be given."""
    channels = model.tensors[op.outputs[0]].channels
    if op.kind == "binary_conv":
        least, most = _sums(model, op)
    else:
        writers = {output: writer for writer in model.ops for output in writer.outputs}
        least, most = _tensor_range(model, writers, op.inputs[0])
    return np.broadcast_to(least, channels), np.broadcast_to(most, channels)


def _tensor_range(model: Model, writers: dict[int, Op], tensor: int) -> tuple[NDArray[Any], NDArray[Any]]:
    op = writers.get(tensor)
    if op is not None and op.kind in ("binary_conv", "integer_conv"):
        return _sums(model, op)
    if op is not None and op.kind in ("max_pool", "flatten", "concat"):
        shapes = [model.tensors[given] for given in op.inputs]
        ranges = [_tensor_range(model, writers, given) for given in op.inputs]
        repeat = [prod(shape[2:4]) if op.kind == "flatten" else 1 for shape in shapes]
        sides = [
            [np.repeat(np.broadcast_to(r[i], s.channels), n) for r, s, n in zip(ranges, shapes, repeat, strict=True)]
            for i in range(2)
        ]
        return np.concatenate(sides[0]), np.concatenate(sides[1])
    return np.array(_LOWEST), np.array(_HIGHEST)


def _sums(model: Model, op: Op) -> tuple[NDArray[Any], NDArray[Any]]:
    if op.kind == "binary_conv":
        depth = prod(op.attributes[:2]) * model.tensors[op.inputs[0]].channels // groups_of(op)
        return np.array(-depth), np.array(depth)
    outputs = model.tensors[op.outputs[0]].channels
    weights = model.constant(op.constants[0]).astype(np.int64).reshape(outputs, -1)
    positive, negative = np.maximum(weights, 0).sum(1), np.minimum(weights, 0).sum(1)
    return -128 * positive + 127 * negative, 127 * positive - 128 * negative  # a pixel less 128 is -128 to 127
