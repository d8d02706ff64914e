"""Thresholds and lookups against torch's own piece of the graph, on every integer that a channel can meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from signbit.convert.fold import evaluate_all
from signbit.convert.value import Folded
from signbit.modelfile import ModelFile, Op
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.threshold import Threshold


@dataclass
class Exhaustive:
    """What was compared on every integer.

    Attributes:
        channels: how many channels of thresholds and lookups.
        integers: how many integers, over all channels.
        errors: the ops that say something else than torch.
    """

    channels: int = 0
    integers: int = 0
    errors: list[str] = field(default_factory=list)


def compare_folded(model: ModelFile, folded: Mapping[int, Folded]) -> Exhaustive:
    """Compare each op that was folded with the piece that it stands for.

    Args:
        model: the file, of the structure that the module converts to.
        folded: the pieces, by the tensor that their op writes.
    """
    found = Exhaustive()
    for index, op in enumerate(model.ops):
        piece = folded.get(op.outputs[0])
        if piece is None:
            continue
        wrong = _first_wrong(op, piece, found)
        if wrong:
            found.errors.append(f"op {index} ({op.kind} {op.name}): {wrong}")
    return found


def _first_wrong(op: Op, piece: Folded, found: Exhaustive) -> str:
    channels = len(piece.bound)
    found.channels += channels
    for first, tensor in evaluate_all(piece.function, piece.features, int(piece.bound.max())):
        values = tensor.reshape(len(tensor), channels).numpy()
        integers = np.broadcast_to(np.arange(first, first + len(values))[:, None], values.shape)
        reachable = np.abs(integers) <= piece.bound
        found.integers += int(reachable.sum())
        equal = _says(op, integers) == (values >= 0) if piece.signs else _equal(_says(op, integers), values)
        rows, columns = np.nonzero(~equal & reachable)
        if len(rows):
            where = f"channel {columns[0]} where the integer is {integers[rows[0], 0]}"
            return f"{where} is not what torch gives, and {len(rows)} more like it in this piece"
    return ""


def _says(op: Op, integers: NDArray[np.int64]) -> NDArray[np.generic]:
    """What an op gives for [K, C] integers: whether it is +1, or its value."""
    if isinstance(op, BinaryConv):
        assert op.intervals is not None
        return op.intervals.positive(integers)
    if isinstance(op, Threshold):
        positive = op.intervals.positive(integers)
        return positive if op.tables is None else op.tables.apply(integers, positive)
    assert isinstance(op, Lookup)
    place = np.clip(integers - op.first, 0, op.values.shape[1] - 1)
    return op.values[np.arange(op.values.shape[0]), place]


def _equal(one: NDArray[np.generic], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(
        np.ascontiguousarray(one, np.float32).view(np.uint32) == np.ascontiguousarray(other).view(np.uint32)
    )
