"""Compare thresholds, lookup tables and outputs with torch's part of the graph, on every integer that can reach them.

The engine runs the op itself; thresholds that are part of a product are read from the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from signbit.convert.fold import evaluate_all
from signbit.convert.value import Folded
from signbit.engine import Session
from signbit.modelfile import ModelFile, Op
from signbit.modelfile.bits import as_signs
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.op import Array
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ranges import Range
from signbit.verify.compare import count, equal
from signbit.verify.layout import real_values


@dataclass
class Exhaustive:
    """What was compared on every integer.

    Attributes:
        channels: number of channels of thresholds, lookup tables and outputs.
        integers: number of integers, summed over the channels.
        errors: the ops that differ from torch.
    """

    channels: int = 0
    integers: int = 0
    errors: list[str] = field(default_factory=list)


def compare_folded(session: Session, folded: Mapping[int, Folded]) -> Exhaustive:
    """Compare each op that was folded with the part of the graph that it replaces.

    Args:
        session: of a file of the structure that the module converts to.
        folded: the pieces, by the tensor that their op writes.
    """
    found, model = Exhaustive(), session.model.file
    ranges = model.ranges()
    for index, op in enumerate(model.ops):
        piece = folded.get(op.outputs[0])
        if piece is None:
            wrong = "the conversion has no torch function to compare it with" if _is_folded(op) else ""
        elif not (_is_folded(op) or _is_of_integers(op, model)):
            wrong = "the conversion takes it for a function of integers, but it is not one"
        else:
            reach = op.sum_ranges(model.inputs_of(op)) if isinstance(op, BinaryConv) else ranges[op.inputs[0]]
            wrong = _first_wrong(_Evaluated(session, index, op), piece, reach.of(len(piece.bound)), found)
        if wrong:
            found.errors.append(f"op {index} ({op.kind} {op.name}): {wrong}")
    return found


def _is_folded(op: Op) -> bool:
    return isinstance(op, (Threshold, Lookup)) or (isinstance(op, BinaryConv) and op.intervals is not None)


def _is_of_integers(op: Op, model: ModelFile) -> bool:
    return isinstance(op, Pointwise) and [tensor.dtype for tensor in model.inputs_of(op)] == ["int32"]


def _first_wrong(op: _Evaluated, piece: Folded, reach: Range, found: Exhaustive) -> str:
    beyond = np.maximum(-reach.least, reach.most) > piece.bound
    if beyond.any():
        channel = int(beyond.argmax())
        least, most, bound = reach.least[channel], reach.most[channel], piece.bound[channel]
        return f"channel {channel} can receive {least} to {most}, but was converted for {-bound} to {bound} only"
    found.channels += len(piece.bound)
    for first, tensor in evaluate_all(piece.function, piece.features, int(piece.bound.max())):
        values = tensor.reshape(len(tensor), -1).numpy()
        integers = np.broadcast_to(np.arange(first, first + len(values))[:, None], values.shape)
        reachable = (reach.least <= integers) & (integers <= reach.most)
        found.integers += int(reachable.sum())
        same = equal(op(integers), as_signs(values >= 0) if piece.signs else values) | ~reachable
        if not same.all():
            row, channel = (int(place[0]) for place in np.nonzero(~same))
            return (
                f"channel {channel} differs from torch at the integer {integers[row, channel]}; {count(same)} values "
                "of this part differ"
            )
    return ""


@dataclass(frozen=True)
class _Evaluated:
    """What an op gives for [K, C] integers, signs as +1 and -1."""

    session: Session
    index: int
    op: Op

    def __call__(self, integers: NDArray[np.int64]) -> Array:
        if isinstance(self.op, BinaryConv):
            assert self.op.intervals is not None
            return as_signs(self.op.intervals.positive(integers))
        (given,), result = self.session.model.file.inputs_of(self.op), self.session.model.tensors[self.op.outputs[0]]
        images = -(-len(integers) // given.pixels)
        padding = ((0, images * given.pixels - len(integers)), (0, 0))
        pixels = np.pad(integers.astype(np.int32), padding).reshape(images, *given.shape)
        output = real_values(self.session.run_op(self.index, [pixels])[0], result)
        return output.reshape(-1, given.channels)[: len(integers)]
