"""The fixed filter and its stride."""

import pytest
import torch
from torch.nn import functional

from signbit.layers import BlurPool2d


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (7, 8)])
def test_every_second_pixel_of_the_filtered_image(height: int, width: int, seed: int) -> None:
    x = torch.randint(-9, 10, (2, 3, height, width), generator=torch.Generator().manual_seed(seed)).float()
    padded = functional.pad(x, (1, 1, 1, 1))
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    both = across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]
    assert torch.equal(BlurPool2d(3)(x), both[..., ::2, ::2] / 16)  # sums of integers: exact


def test_nothing_is_learned() -> None:
    pool = BlurPool2d(2)
    assert not list(pool.parameters())
    assert list(pool.state_dict()) == ["kernel"]


def test_wrong_channels() -> None:
    with pytest.raises(ValueError, match="channels is 0; give an integer of at least 1"):
        BlurPool2d(0)
