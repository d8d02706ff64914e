"""PadShortcut: every second pixel, zeros around the channels."""

import pytest
import torch

from signbit.layers import PadShortcut


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 6), (5, 7)])
def test_values(height: int, width: int) -> None:
    x = torch.randn(2, 6, height, width)
    y = PadShortcut(6, 10, 2)(x)
    assert y.shape == (2, 10, (height + 1) // 2, (width + 1) // 2)
    assert torch.equal(y[:, 2:8], x[..., ::2, ::2])
    assert not y[:, :2].any()
    assert not y[:, 8:].any()


def test_same_shape_is_the_identity() -> None:
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(PadShortcut(3, 3)(x), x)


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(8, 11, 2), (8, 4, 1), (0, 4, 1), (4, 4, 0)])
def test_wrong_arguments(inputs: int, outputs: int, stride: int) -> None:
    with pytest.raises(ValueError, match="give"):
        PadShortcut(inputs, outputs, stride)
