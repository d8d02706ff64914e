"""The mix, within and outside of the range of its share."""

import torch

from signbit.layers import LearnedMix, parameter_roles


def test_shares(seed: int) -> None:
    torch.manual_seed(seed)
    mix = LearnedMix(4)
    a, b = torch.randn(2, 4, 3, 3), torch.randn(2, 4, 3, 3)
    torch.testing.assert_close(mix(a, b), (a + b) / 2)
    mix.share.data = torch.tensor([0.0, 1.0, -0.5, 1.5])
    assert torch.equal(mix(a, b), torch.stack([b[:, 0], a[:, 1], b[:, 2], a[:, 3]], 1))
    assert parameter_roles(mix) == {"share": "scale"}


def test_a_share_that_left_the_range_comes_back() -> None:
    mix = LearnedMix(6)
    mix.share.data = torch.tensor([0.5, 0.5, 1.5, 1.5, -0.5, -0.5])
    wanted = torch.tensor([1.0, -1.0] * 3).reshape(1, 6, 1, 1)  # gradient of each share
    mix(torch.ones(1, 6, 1, 1), torch.zeros(1, 6, 1, 1)).backward(wanted)
    assert mix.share.grad is not None
    assert mix.share.grad.tolist() == [1, -1, 1, 0, 0, -1]
