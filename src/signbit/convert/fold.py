"""Fold by evaluation: run the captured piece on every integer and read off where the sign flips.

Between a binary product and the next sign there is often only a scalar function of an integer, for each channel. It is
not recognised here but run, by torch, on every integer the product can give, for all channels at once. So whatever the
piece computes (a negative gamma, a rounding, two roots of an attention batch norm), the thresholds agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signbit.convert.steadiness import ARRANGEMENTS, Arrangement
from signbit.modelfile.ops.thresholds import HIGHEST, LOWEST, Intervals, Tables

Function = Callable[[Tensor], Tensor]
"""A function of one integer for each channel: float32 [K, ...features] to the same shape."""

Arranged = Callable[[Tensor, Arrangement], Tensor]
"""The same, told how its elements are to be laid out in memory."""

_ELEMENTS_AT_ONCE = 1 << 22
_NEAR_ZERO = 2.0**-18  # of the largest value: torch's kernels for vectors and for single elements are closer than that


@dataclass(frozen=True)
class Thresholds:
    """Where each channel is +1, in the terms of the model file's `threshold` op.

    Attributes:
        intervals: one per channel; ignored for a channel that has a table.
        tables: for channels whose sign changes more than twice; None if there is no such channel.
        margin: the smallest distance from zero of a value next to a sign change; infinity if no sign changes.
        close: the integers next to a sign change, and those whose value is so close to zero that its last bit decides.
    """

    intervals: Intervals
    tables: Tables | None
    margin: float
    close: frozenset[int] = frozenset()

    def negative(self, integers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where [K, C] integers give -1."""
        positive = self.intervals.positive(integers)
        return ~positive if self.tables is None else ~self.tables.apply(integers, positive)

    @property
    def kinds(self) -> dict[str, int]:
        """How many channels are constant, have one threshold, an interval, or a table."""
        low, high = self.intervals.low, self.intervals.high
        tabled = self.tables.row >= 0 if self.tables else np.zeros(len(low), bool)
        constant = ((low > high) | ((low == LOWEST) & (high == HIGHEST))) & ~tabled
        one = ~constant & ~tabled & ((low == LOWEST) | (high == HIGHEST))
        counts = {"constant": constant, "one": one, "interval": ~constant & ~tabled & ~one, "table": tabled}
        return {kind: int(mask.sum()) for kind, mask in counts.items()}

    @property
    def are_constant(self) -> bool:
        """Whether no channel depends on the integers."""
        return self.kinds["constant"] == len(self.intervals.low)

    @property
    def bytes(self) -> int:
        """Of the constants in a model file."""
        constants = self.intervals.encode() + (self.tables.encode()[0] if self.tables else [])
        return sum(constant.nbytes for constant in constants)


def evaluate_all(function: Function, shape: tuple[int, ...], bound: int) -> Iterator[tuple[int, Tensor]]:
    """Run a function on the integers -bound to bound, in pieces.

    Yields:
        the first integer of the piece, and the values, float32 [K, ...shape].
    """
    piece = max(1, _ELEMENTS_AT_ONCE // max(1, int(np.prod(shape))))
    for first in range(-bound, bound + 1, piece):
        integers = torch.arange(first, min(first + piece, bound + 1), dtype=torch.float32)
        with torch.no_grad():
            yield first, function(_lattice(integers, shape))


def _lattice(integers: Tensor, shape: tuple[int, ...]) -> Tensor:
    return integers.reshape(-1, *[1] * len(shape)).expand(-1, *shape).contiguous()


def find_thresholds(function: Function, shape: tuple[int, ...], bound: NDArray[np.int64]) -> Thresholds:
    """The thresholds of ``sign(function(n))`` for every integer that can reach a channel.

    Args:
        function: of float32 [K, *shape]; it is given every integer for every channel.
        shape: [C] or [C, 1, 1].
        bound: int64 [C], the largest magnitude of each channel's integers.

    Raises:
        NotANumber: the function is NaN somewhere within the bounds.
    """
    channels = int(np.prod(shape))
    flips: list[list[int]] = [[] for _ in range(channels)]  # the first integer of each new sign
    starts = np.zeros(channels, bool)
    last = np.zeros(channels, bool)
    last_values = np.zeros(channels, np.float32)
    margin, close = np.inf, set[int]()
    for first, tensor in evaluate_all(function, shape, int(bound.max())):
        values = tensor.reshape(len(tensor), channels).numpy()
        integers = np.arange(first, first + len(values))[:, None]
        inside = np.abs(integers) <= bound
        _refuse_nan(values, inside, integers)
        negative = ~(values >= 0)
        before = np.concatenate([last[None], negative[:-1]])
        begins = integers == -bound  # nothing comes before the first integer of a channel
        starts = np.where(begins.any(0), negative[begins.argmax(0), np.arange(channels)], starts)
        rows, columns = np.nonzero((negative != before) & inside & ~begins)
        previous = np.concatenate([last_values[None], values[:-1]])
        if len(rows):
            beside = np.minimum(np.abs(values[rows, columns]), np.abs(previous[rows, columns]))
            margin = min(margin, float(beside.min()))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            flips[column].append(first + row)
        close.update((first + rows).tolist(), (first + rows - 1).tolist(), (first + _rows_near_zero(values)).tolist())
        last, last_values = negative[-1], values[-1]
    return _from_flips(starts, flips, int(bound.max()), margin, frozenset(close))


def _rows_near_zero(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Where the last digits of a float32 decide on which side of zero a value lies."""
    with np.errstate(invalid="ignore"):
        size = np.nan_to_num(np.abs(values), posinf=0).max(0)
        near = np.abs(values) <= _NEAR_ZERO * size
    near[1:] &= (values[1:] != 0) | (values[:-1] != 0)  # of a run of zeros, as a ReLU gives, the first is enough
    return np.nonzero(near.any(1))[0]


class Unsteady(Exception):
    """Torch gives two values for one integer, depending on its place in memory; the message says for which integer."""


def check_steady(chain: Arranged, shape: tuple[int, ...], bound: NDArray[np.int64], found: Thresholds) -> None:
    """Check that no sign depends on where in memory torch computes it.

    Raises:
        Unsteady: it is not, for some channel.
    """
    integers = np.array(sorted(found.close), np.int64)[:, None]
    if not len(integers):
        return
    lattice = _lattice(torch.from_numpy(integers[:, 0]).float(), shape)
    wanted = found.negative(np.broadcast_to(integers, (len(integers), int(np.prod(shape)))))
    inside = np.abs(integers) <= bound
    for arrangement in ARRANGEMENTS:
        with torch.no_grad():
            negative = ~(chain(lattice, arrangement) >= 0).reshape(wanted.shape).numpy()
        rows, channels = np.nonzero((negative != wanted) & inside)
        if len(rows):
            raise Unsteady(f"channel {channels[0]} changes sign where its accumulator is {integers[rows[0], 0]}")


class NotANumber(Exception):
    """A function of integers is NaN at ``integer`` in ``channel``."""

    def __init__(self, channel: int, integer: int) -> None:
        super().__init__(f"channel {channel} is NaN where its accumulator is {integer}")


def _refuse_nan(values: NDArray[np.float32], inside: NDArray[np.bool_], integers: NDArray[np.int64]) -> None:
    rows, columns = np.nonzero(np.isnan(values) & inside)
    if len(rows):
        raise NotANumber(int(columns[0]), int(integers[rows[0], 0]))


def _from_flips(
    starts: NDArray[np.bool_], flips: list[list[int]], bound: int, margin: float, close: frozenset[int]
) -> Thresholds:
    channels = len(flips)
    low = np.full(channels, LOWEST, np.int32)
    high = np.full(channels, HIGHEST, np.int32)
    row = np.full(channels, -1, np.int32)
    inverted = np.zeros(channels, bool)
    tables: list[NDArray[np.bool_]] = []
    for channel, at in enumerate(flips):
        negative = bool(starts[channel])
        if not at:
            if negative:
                low[channel], high[channel] = 0, -1
        elif len(at) == 1 and negative:
            low[channel] = at[0]
        elif len(at) == 1:
            high[channel] = at[0] - 1
        elif len(at) == 2:
            low[channel], high[channel], inverted[channel] = at[0], at[1] - 1, not negative
        else:
            row[channel] = len(tables)
            edges = np.zeros(2 * bound + 1, np.int64)
            edges[np.array(at) + bound] = 1
            tables.append((np.cumsum(edges) % 2 == 1) != negative)
    found = Tables(row, np.array(tables), -bound) if tables else None
    return Thresholds(Intervals(low, high, inverted), found, margin, close)


@dataclass(frozen=True)
class Order:
    """How a function of an integer orders the integers, for each channel.

    Attributes:
        rises, falls: bool [C]; it never gets smaller (larger) as the integer grows. Both hold for a constant.
    """

    rises: NDArray[np.bool_]
    falls: NDArray[np.bool_]


def find_order(function: Function, shape: tuple[int, ...], bound: int) -> Order:
    """Whether a function keeps or turns the order of the integers, so that a maximum can be taken before it."""
    channels = int(np.prod(shape))
    rises, falls = np.ones(channels, bool), np.ones(channels, bool)
    last: NDArray[np.float32] | None = None
    for _, tensor in evaluate_all(function, shape, bound):
        values = tensor.reshape(len(tensor), channels).numpy()
        joined = values if last is None else np.concatenate([last[None], values])
        rises &= (joined[1:] >= joined[:-1]).all(0)
        falls &= (joined[1:] <= joined[:-1]).all(0)
        last = values[-1]
    return Order(rises, falls)


def find_pooling(before: Function, after: Function, shape: tuple[int, ...], bound: int) -> NDArray[np.bool_] | None:
    """Whether ``sign(after(max of before))`` is a pool of ``sign(after(before))``, channel by channel.

    ``after`` is given values of ``before``. Where its sign is +1 for the large ones, the pool's sign is the maximum of
    the signs; where it is +1 for the small ones, their minimum.

    Returns:
        bool [C], True where the minimum is right; None where neither is for some channel.
    """
    channels = int(np.prod(shape))
    least, most = {}, {}
    for sign in (False, True):
        least[sign], most[sign] = np.full(channels, np.inf, np.float32), np.full(channels, -np.inf, np.float32)
    for _, tensor in evaluate_all(before, shape, bound):
        values = tensor.reshape(len(tensor), channels).numpy()
        with torch.no_grad():
            positive = (after(tensor) >= 0).reshape(len(tensor), channels).numpy()
        for sign in (False, True):
            least[sign] = np.minimum(least[sign], np.where(positive == sign, values, np.inf).min(0))
            most[sign] = np.maximum(most[sign], np.where(positive == sign, values, -np.inf).max(0))
    rising, falling = most[False] < least[True], most[True] < least[False]
    return ~rising if bool((rising | falling).all()) else None
