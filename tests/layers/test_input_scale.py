"""InputScale2d against its formula, and what it is good for."""

import pytest
import torch
from torch.nn import functional

from signbit.layers import InputScale2d


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(1, 1, 0), (3, 2, 1), (5, 1, 2), (3, 1, 2), ((3, 1), (1, 2), (1, 0))]
)
def test_is_the_box_filter_of_the_mean_magnitude(
    kernel: int | tuple[int, int], stride: int | tuple[int, int], padding: int | tuple[int, int], seed: int
) -> None:
    x = torch.randn(2, 5, 7, 8, generator=torch.Generator().manual_seed(seed))
    layer = InputScale2d(kernel, stride, padding)
    box = torch.full((1, 1, *layer.kernel_size), 1 / (layer.kernel_size[0] * layer.kernel_size[1]))
    expected = functional.conv2d(x.abs().mean(1, keepdim=True), box, None, stride, padding)
    torch.testing.assert_close(layer(x), expected)


def test_scaled_signs_are_nearer_to_the_real_convolution(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, w = torch.randn(4, 16, 8, 8, generator=generator), torch.randn(8, 16, 3, 3, generator=generator)
    x = x * torch.linspace(0.1, 3, 8).reshape(1, 1, 1, 8)  # another magnitude in every column
    signs = functional.conv2d(x.sign(), w.sign() * w.abs().mean((1, 2, 3), keepdim=True), None, 1, 1)
    real = functional.conv2d(x, w, None, 1, 1)
    scaled = signs * InputScale2d(3, 1, 1)(x)
    assert (scaled - real).square().mean() < (signs * x.abs().mean() - real).square().mean()


@pytest.mark.parametrize(("name", "value"), [("kernel_size", 0), ("stride", 0), ("padding", -1)])
def test_wrong_arguments(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        InputScale2d(**{"kernel_size": 3, name: value})
