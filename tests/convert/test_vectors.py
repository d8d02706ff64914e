"""Images of one pixel and vectors: the same elements, but constants of a channel broadcast another way."""

from __future__ import annotations

import pytest
import torch
from converted import same_as_torch
from torch import nn

from signbit.layers import AttentionBatchNorm1d, AttentionBatchNorm2d, BinaryConv2d, BinaryLinear


def disturbed(network: nn.Module) -> nn.Module:
    """With norms and biases that look trained."""
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.uniform_(-3, 3)
            module.running_var.uniform_(0.5, 9)
        for parameter in module.parameters(recurse=False):
            if parameter.dim() == 1:
                nn.init.uniform_(parameter, -1, 1)
    return network.eval()


@pytest.mark.parametrize("channels", [1, 20])
def test_a_norm_of_a_vector_that_was_an_image_of_one_pixel(channels: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        BinaryConv2d(3, channels, 3), nn.BatchNorm2d(channels), nn.Flatten(), AttentionBatchNorm1d(channels),
        BinaryLinear(channels, 10), nn.BatchNorm1d(10),
    )  # fmt: skip
    same_as_torch(disturbed(network), torch.randn(4, 3, 3, 3))


def test_a_norm_of_an_image_of_one_pixel_that_was_a_vector() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Flatten(), BinaryLinear(27, 20), nn.BatchNorm1d(20), nn.Unflatten(1, (20, 1, 1)), nn.BatchNorm2d(20),
        BinaryConv2d(20, 5, 1), nn.Flatten(), nn.BatchNorm1d(5),
    )  # fmt: skip
    same_as_torch(disturbed(network), torch.randn(4, 3, 3, 3))


def test_a_constant_of_an_image_of_one_pixel_that_was_a_vector() -> None:
    class Shifted(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * torch.linspace(-1, 2, 20).reshape(20, 1, 1) + 0.3

    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Flatten(), BinaryLinear(27, 20), nn.Unflatten(1, (20, 1, 1)), Shifted(), BinaryConv2d(20, 5, 1), nn.Flatten()
    )  # fmt: skip
    same_as_torch(disturbed(network), torch.randn(4, 3, 3, 3))


def test_a_norm_of_a_vector_behind_a_pool_that_stays() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        BinaryConv2d(3, 20, 2), AttentionBatchNorm2d(20), nn.MaxPool2d(2), nn.Flatten(), nn.BatchNorm1d(20),
        BinaryLinear(20, 4),
    )  # fmt: skip
    same_as_torch(disturbed(network), torch.randn(4, 3, 3, 3))


class Sum(nn.Module):
    """A vector, and an image of one pixel that is flattened, added."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = BinaryConv2d(3, 20, 3), BinaryLinear(27, 20)
        self.norm, self.other = nn.BatchNorm2d(20), nn.BatchNorm1d(20)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        image: torch.Tensor = self.norm(self.conv(x)).flatten(1)
        return image + self.other(self.linear(x.flatten(1)))


def test_a_vector_is_added_to_an_image_of_one_pixel() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(Sum(), BinaryLinear(20, 4))
    same_as_torch(disturbed(network), torch.randn(4, 3, 3, 3))
