"""The integers of a channel that give +1: an interval, or a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.bits import check_unused_bits, pack_mask, unpack_mask, words_of
from signbit.modelfile.ops.op import constant_of
from signbit.modelfile.ranges import Range

LOWEST, HIGHEST = -(2**31), 2**31 - 1


@dataclass(frozen=True, eq=False)
class Intervals:
    """+1 where ``low <= n <= high``; the opposite in channels that are inverted.

    Attributes:
        low: smallest integers, int32 [C].
        high: largest integers, int32 [C]; ``low > high`` is the empty interval.
        inverted: bool [C].
    """

    low: NDArray[np.int32]
    high: NDArray[np.int32]
    inverted: NDArray[np.bool_]

    @classmethod
    def decode(cls, constants: Sequence[NDArray[Any]], channels: int) -> Intervals:
        """From the three constants of the file format.

        Raises:
            ValueError: there are more or fewer, or one has another type or size, or a bit past the last channel.
        """
        low, high, inverted = constants
        words = constant_of(inverted, "bits", (words_of(channels),), "inverted")
        check_unused_bits(words, channels, "inverted")
        result = cls(
            constant_of(low, "int32", (channels,), "low"),
            constant_of(high, "int32", (channels,), "high"),
            unpack_mask(words, channels),
        )
        vars(result)["inverted_words"] = words  # what ops shared in a file, they share when it is written again
        return result

    @cached_property
    def inverted_words(self) -> NDArray[np.uint64]:
        """``inverted`` as the file has it."""
        return pack_mask(self.inverted)

    def encode(self) -> list[NDArray[Any]]:
        """The three constants of the file format."""
        return [self.low, self.high, self.inverted_words]

    def positive(self, integers: NDArray[Any]) -> NDArray[np.bool_]:
        """Where [..., C] integers give +1."""
        inside = (self.low <= integers) & (integers <= self.high)
        return np.asarray(inside ^ self.inverted)


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables for channels whose sign changes more than twice: a bit for each integer.

    Attributes:
        row: int32 [C]; the channel's row in the table, or -1 if it has none.
        negative: bool [rows, length]; True is -1.
        first: the integer of the first column; integers outside the table use its nearest column.
    """

    row: NDArray[np.int32]
    negative: NDArray[np.bool_]
    first: int

    @classmethod
    def decode(cls, constants: Sequence[NDArray[Any]], attributes: Sequence[int], channels: int) -> Tables:
        """From the constants `row` and `table` and the attributes `first` and `length`.

        Raises:
            ValueError: there are more or fewer, or one does not fit the others.
        """
        first, length = attributes
        row, table = constants
        row = constant_of(row, "int32", (channels,), "row")
        if length < 1:
            raise ValueError(f"the length of a table is {length}; it is at least 1")
        words = constant_of(table, "bits", (-1, words_of(length)), "table")
        check_unused_bits(words, length, "table")
        if row.min() < -1 or row.max() >= len(words):
            raise ValueError(f"rows {row.min()} to {row.max()}, of {len(words)}; -1 is none")
        result = cls(row, unpack_mask(words, length), first)
        vars(result)["negative_words"] = words
        return result

    @cached_property
    def negative_words(self) -> NDArray[np.uint64]:
        """``negative`` as the file has it: uint64 [rows, words of the length]."""
        return pack_mask(self.negative)

    @property
    def length(self) -> int:
        """Integers that have a column."""
        return int(self.negative.shape[1])

    def encode(self) -> tuple[list[NDArray[Any]], list[int]]:
        """The constants `row` and `table` and the attributes `first` and `length`."""
        return [self.row, self.negative_words], [self.first, self.length]

    def apply(self, integers: NDArray[Any], positive: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """``positive`` [..., C], with what the tables say in the channels that have one."""
        column = np.clip(integers.astype(np.int64) - self.first, 0, self.length - 1)
        tabled = self.row >= 0
        return np.where(tabled, ~self.negative[np.where(tabled, self.row, 0), column], positive)

    def constant_channels(self, reach: Range) -> NDArray[np.bool_]:
        """Channels that have a table, and one that says the same for every integer in ``reach``: bool [C]."""
        edges = (np.clip(edge - self.first, 0, self.length - 1) for edge in (reach.least, reach.most))
        first, last = (np.broadcast_to(edge, self.row.shape) for edge in edges)
        return np.array(
            [
                row >= 0 and len(np.unique(self.negative[row, a : b + 1])) == 1
                for row, a, b in zip(self.row, first, last, strict=True)
            ]
        )


def channel_kinds(intervals: Intervals, tables: Tables | None, reach: Range) -> dict[str, NDArray[np.bool_]]:
    """What decides the sign of each channel, where the integers in ``reach`` are all that can come.

    Returns:
        A mask, bool [C], for each of `one` (a single threshold), `interval`, `table` and `dead` (the sign is always the
        same); each channel is in one of them.
    """
    low, high = intervals.low.astype(np.int64), intervals.high.astype(np.int64)
    never = (low > high) | (low > reach.most) | (high < reach.least)
    above, below = low <= reach.least, high >= reach.most
    dead, tabled = never | (above & below), np.zeros(len(low), bool)
    if tables is not None:
        tabled = tables.row >= 0
        dead = np.where(tabled, tables.constant_channels(reach), dead)
    single = ~dead & ~tabled & (above ^ below)
    return {"one": single, "interval": ~dead & ~tabled & ~single, "table": tabled & ~dead, "dead": dead}
