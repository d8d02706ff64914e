"""Functions of one integer for each channel, as torch itself computes them.

A chain is the list of torch's operators between a product and a value. It is not recognised but run: on every integer
the product can give, for all channels at once (`fold`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signbit.convert.steadiness import Arrangement

Lookup = Callable[["Link"], Any]


@dataclass(frozen=True, eq=False)
class Link:
    """One operator.

    Attributes:
        run: given the function that finds the values of the links before it, the integers, and how elements are to be
            laid out in memory where that matters.
        steady: whether its result does not depend on that, see `steadiness`.
    """

    run: Callable[[Lookup, Tensor, Arrangement | None], Any]
    steady: bool = True


@dataclass(frozen=True, eq=False)
class Chain:
    """A function of an integer for each channel.

    Attributes:
        links: in the order in which they run; none is the integer itself.
        rank: of the values it takes and gives: 4 for [K, C, H, W], 2 for [K, C].
        channels: C.
    """

    links: tuple[Link, ...]
    rank: int
    channels: int

    @property
    def is_identity(self) -> bool:
        """Whether the value is the integer itself."""
        return not self.links

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of the values for one integer: [C, 1, 1] or [C]."""
        return (self.channels, *[1] * (self.rank - 2))

    def __call__(self, integers: Tensor, arrangement: Arrangement | None = None) -> Tensor:
        """The values for integers, float32 [K, C] or [K, C, H, W]."""
        known: dict[int, Any] = {}
        value: Any = integers
        for link in self.links:
            value = known[id(link)] = link.run(lambda other: known[id(other)], integers, arrangement)
        return value  # type: ignore[no-any-return]

    @property
    def is_steady(self) -> bool:
        """Whether torch gives one value for an integer, wherever it lies in memory."""
        return all(link.steady for link in self.links)

    @property
    def last(self) -> Link | None:
        """The link that gives the value; None where it is the integer itself."""
        return self.links[-1] if self.links else None


def pointwise_chain(
    operands: Sequence[Chain], operator: Callable[[list[Any], Arrangement | None], Any], steady: bool
) -> Chain:
    """An operator that acts on each element alone, on values of the same integers."""
    lasts = [operand.last for operand in operands]
    before = dict.fromkeys(link for operand in operands for link in operand.links)

    def run(value: Lookup, integers: Tensor, arrangement: Arrangement | None) -> Any:
        return operator([integers if last is None else value(last) for last in lasts], arrangement)

    return Chain((*before, Link(run, steady)), operands[0].rank, operands[0].channels)


@dataclass(frozen=True, eq=False)
class Piece:
    """Output channels that come from one chain: ``channels[i]`` of it gives channel ``i`` of the piece.

    ``constant`` takes the chain's place where the channels hold the same number for every image.
    """

    channels: NDArray[np.int64]
    chain: Chain | None
    constant: NDArray[np.float32] | None = None


def regrouped_chain(pieces: Sequence[Piece], rank: int) -> Chain:
    """Channels of several functions, selected and joined; it takes integers in the new order."""
    total = sum(len(piece.channels) for piece in pieces)

    def run(value: Lookup, integers: Tensor, arrangement: Arrangement | None) -> Tensor:
        parts = torch.split(integers, [len(piece.channels) for piece in pieces], 1)
        return torch.cat([_run_piece(*pair, arrangement) for pair in zip(pieces, parts, strict=True)], 1)

    steady = all(piece.chain is None or piece.chain.is_steady for piece in pieces)
    return Chain((Link(run, steady),), rank, total)


def _run_piece(piece: Piece, integers: Tensor, arrangement: Arrangement | None) -> Tensor:
    if piece.chain is None:
        assert piece.constant is not None
        constant = torch.from_numpy(piece.constant).reshape(1, -1, *[1] * (integers.dim() - 2))
        return constant.expand_as(integers).to(integers.dtype)
    chain, channels = piece.chain, torch.from_numpy(piece.channels)
    # A channel that is given several times takes as many rows of the chain's batch.
    turn = _turns(piece.channels)
    turns = int(turn.max()) + 1
    count, spatial = len(integers), integers.shape[2:]
    pixels = int(np.prod(spatial))
    flat = integers.reshape(count, len(channels), pixels)
    spread = flat.new_zeros(turns, count, chain.channels, pixels)
    spread[turn, :, channels] = flat.transpose(0, 1)
    if chain.rank == 2:
        given = spread.permute(0, 1, 3, 2).reshape(-1, chain.channels)
        values = chain(given, arrangement).reshape(turns, count, pixels, chain.channels).permute(0, 1, 3, 2)
    else:
        given = spread.reshape(turns * count, chain.channels, pixels, 1)
        values = chain(given, arrangement).reshape(turns, count, chain.channels, pixels)
    return values[turn, :, channels].transpose(0, 1).reshape(integers.shape)


def _turns(channels: NDArray[np.int64]) -> Tensor:
    """For each entry how often its channel stands before it."""
    seen: dict[int, int] = {}
    turns = []
    for channel in channels.tolist():
        turns.append(seen.get(channel, 0))
        seen[channel] = turns[-1] + 1
    return torch.tensor(turns, dtype=torch.int64)
