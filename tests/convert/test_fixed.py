"""Channels that are the same for every image, beside others that are not."""

from __future__ import annotations

import itertools

import pytest
import torch
from converted import FLOATS, Net, same_as_torch, sign
from torch import Tensor

from signbit.convert import convert
from signbit.errors import ConvertError

ORDERS = list(itertools.permutations(range(4)))


def beside_each_other(x: Tensor, order: tuple[int, ...]) -> Tensor:
    """Zeros, ones, a negative number and what is given, in some order."""
    parts = [torch.zeros_like(x[:, :2]), torch.ones_like(x[:, :1]), torch.full_like(x[:, :3], -2.5), x]
    return torch.cat([parts[index] for index in order], 1)


@pytest.mark.parametrize("order", ORDERS[::5], ids=str)
def test_fixed_channels_beside_each_other(order: tuple[int, ...]) -> None:
    """Several of them in a row, before and behind functions of integers, real values and signs."""

    def body(net: Net, x: Tensor) -> Tensor:
        joined = beside_each_other(net.norm(x), order)
        return sign(joined) + joined

    same_as_torch(Net(body, "integers"), exact=False)


def test_fixed_channels_beside_real_values_and_signs() -> None:
    order = (0, 1, 3, 2)
    same_as_torch(Net(lambda net, x: beside_each_other(x, order), "real"), exact=False)
    same_as_torch(Net(lambda net, x: beside_each_other(x, order), "signs"))


def test_zeros_have_signs() -> None:
    """A quotient tells them from each other."""
    zeros = torch.tensor([0.0, -0.0] * 4).reshape(8, 1, 1)

    def beside(net: Net, x: Tensor) -> Tensor:
        joined = torch.cat([x, torch.zeros_like(x[:, :1]), torch.full_like(x[:, :2], -0.0)], 1)
        return sign(1 / joined)

    same_as_torch(Net(lambda net, x: sign((x * 2 + 1) / zeros), "integers"))
    same_as_torch(Net(lambda net, x: sign((x.relu() + 1) / zeros), "real"))
    same_as_torch(Net(beside, "real"))


def test_zeros_of_two_signs_in_one_channel() -> None:
    def body(net: Net, x: Tensor) -> Tensor:
        zeros = torch.zeros_like(x[:, :1])
        zeros[..., ::2] = -0.0
        return torch.cat([x, zeros], 1)

    with pytest.raises(ConvertError, match="sets pixels of one channel to different numbers"):
        convert(Net(body, "real"), FLOATS)
