"""Functions of integers whose channels are selected, repeated and joined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from signbit.convert.chain import Chain, Link, Piece, regrouped_chain


def times(factors: list[float], rank: int) -> Chain:
    """Each channel times a number of its own."""

    def run(value: Any, integers: Tensor, arrangement: Any) -> Tensor:
        return integers * torch.tensor(factors).reshape(1, -1, *[1] * (rank - 2))

    return Chain((Link(run, True),), rank, len(factors))


@pytest.mark.parametrize("rank", [2, 4])
def test_channels_in_another_order_and_several_times(rank: int) -> None:
    pieces = [
        Piece(np.array([1, 1, 2, 1, 0, 1]), times([1, 10, 100], rank)),
        Piece(np.array([0, 0]), None, np.float32([-7, 5])),
        Piece(np.array([0, 1, 0]), times([3, 4], rank)),
    ]
    integers = torch.arange(-11.0, 11.0).reshape(2, 11)
    wanted = integers * torch.tensor([10.0, 10, 100, 10, 1, 10, 0, 0, 3, 4, 3])
    wanted[:, 6], wanted[:, 7] = -7, 5
    chain = regrouped_chain(pieces, rank)
    shape = (2, 11) if rank == 2 else (2, 11, 1, 1)
    assert (chain.rank, chain.channels) == (rank, 11)
    assert torch.equal(chain(integers.reshape(shape)), wanted.reshape(shape))


def test_every_pixel_of_an_image() -> None:
    integers = torch.randint(-9, 9, (3, 4, 2, 5)).float()
    chain = regrouped_chain([Piece(np.array([1, 0, 1, 1]), times([2, 3], 4))], 4)
    assert torch.equal(chain(integers), integers * torch.tensor([3.0, 2, 3, 3]).reshape(1, 4, 1, 1))
