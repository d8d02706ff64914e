"""Adaptive gradient clipping, unit by unit, against the formula."""

import math

import pytest
import torch
from torch import Tensor, nn

from signbit import optim
from signbit.layers import BinaryConv2d, ChannelGain, RPReLU, RSign, ScaledStdConv2d, parameter_roles
from signbit.optim.clip_adaptive import clip_adaptive
from signbit.optim.groups import parameter_groups


def clipped(weights: list[float], gradients: list[float], factor: float) -> list[float]:
    """The formula, for one unit written as a list."""
    longest = factor * max(math.sqrt(sum(w * w for w in weights)), 1e-3)
    norm = math.sqrt(sum(g * g for g in gradients))
    return gradients if norm < longest else [g * longest / max(norm, 1e-6) for g in gradients]


def units(tensor: Tensor, shape: tuple[int, ...]) -> list[list[float]]:
    """Units over the first axis of the published shape; (1, C, 1, 1) is one unit, and so is any vector."""
    return tensor.reshape(1 if len(shape) == 1 else shape[0], -1).tolist()


def model() -> nn.Sequential:
    return nn.Sequential(
        ScaledStdConv2d(3, 4, 3), RSign(4), BinaryConv2d(4, 4, 3, input_binarizer=None), ChannelGain(4), RPReLU(4),
        nn.Linear(4, 2), nn.Linear(2, 2),
    )  # fmt: skip


# The shape that the published code has for each parameter: its first axis makes the units.
PUBLISHED = {
    "0.weight": (4, 3, 3, 3),
    "0.gain": (4, 1, 1, 1),
    "1.bias": (1, 4, 1, 1),
    "2.weight": (4, 4, 3, 3),
    "3.gain": (4, 1, 1, 1),
    "4.bias_before": (1, 4, 1, 1),
    "4.slope": (4,),
    "4.bias_after": (1, 4, 1, 1),
    "5.weight": (2, 4),
    "5.bias": (2,),
    "6.weight": (2, 2),
    "6.bias": (2,),
}


def test_units_are_the_published_ones(seed: int) -> None:
    torch.manual_seed(seed)
    net = model().double()
    net[6].roles = {"weight": "head", "bias": "head"}
    before = {}
    for name, p in net.named_parameters():
        with torch.no_grad():
            p.mul_(torch.rand(len(p)).reshape(-1, *[1] * (p.dim() - 1)) * 4)
        p.grad = torch.randn_like(p) * 10 ** torch.empty(len(p)).uniform_(-6, 0).reshape(-1, *[1] * (p.dim() - 1))
        before[name] = p.grad.clone()
    groups = parameter_groups(net.named_parameters(), parameter_roles(net), {})
    clip_adaptive(optim.create("sgd", groups, lr=0.1), 0.02)

    assert list(before) == list(PUBLISHED)
    changed = 0
    for name, p in net.named_parameters():
        shape = PUBLISHED[name]
        expected = units(before[name], shape)
        if not name.startswith("6"):
            expected = [clipped(w, g, 0.02) for w, g in zip(units(p, shape), expected, strict=True)]
        assert p.grad is not None
        torch.testing.assert_close(p.grad, torch.tensor(expected, dtype=torch.float64).reshape(p.shape))
        changed += not torch.equal(p.grad, before[name])
    assert changed >= 8  # the seeds of this test clip most parameters


def test_bias_at_zero_is_throttled() -> None:
    bias = nn.Parameter(torch.zeros(16))
    bias.grad = torch.ones(16)
    clip_adaptive(optim.create("sgd", [{"params": [bias], "role": "shift"}], lr=0.1), 0.02)
    assert bias.grad.norm().item() == pytest.approx(2e-5)


def test_no_gradient_and_a_gradient_of_zeros() -> None:
    without, zeros = nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(2, 3))
    zeros.grad = torch.zeros(2, 3)
    clip_adaptive(optim.create("sgd", [{"params": [without, zeros], "role": "real"}], lr=0.1), 1.0)
    assert without.grad is None
    assert zeros.grad.tolist() == [[0] * 3] * 2


def test_excluded_roles() -> None:
    groups = [{"params": [nn.Parameter(torch.zeros(2))], "role": role} for role in ("head", "shift")]
    for group in groups:
        group["params"][0].grad = torch.ones(2)
    clip_adaptive(optim.create("sgd", groups, lr=0.1), 0.1, exclude=("shift",))
    assert [group["params"][0].grad.tolist() == [1, 1] for group in groups] == [False, True]


def test_wrong_factor() -> None:
    with pytest.raises(ValueError, match="factor is 0; give a positive number"):
        clip_adaptive(optim.create("sgd", [nn.Parameter(torch.zeros(2))], lr=0.1), 0)
