"""Attention batch norm: its numbers, its likeness to batch norm, and its survival of conversions."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from signbit.layers import AttentionBatchNorm1d, AttentionBatchNorm2d
from signbit.layers.silu import silu as exact_silu


def silu(x: Tensor) -> Tensor:
    return x / (1 + (-x).exp())


def bisect(low: float, high: float, beta: float) -> float:
    """Where SiLU(x) + beta changes its sign between low and high, found on the layer itself."""
    layer = fixed_layer(beta)
    rises = bool(layer(torch.full((1, 1, 1, 1), high, dtype=torch.float64)) > 0)
    for _ in range(80):
        middle = (low + high) / 2
        above = bool(layer(torch.full((1, 1, 1, 1), middle, dtype=torch.float64)) > 0)
        low, high = (low, middle) if above == rises else (middle, high)
    return low


def fixed_layer(beta: float) -> AttentionBatchNorm2d:
    """Mean 0, variance 1 - eps: x is xh."""
    layer = AttentionBatchNorm2d(1, eps=1e-5).double().eval()
    norm = layer.normalise
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_var is not None
    norm.running_var.fill_(1 - 1e-5)
    assert layer.beta is not None
    nn.init.constant_(layer.beta, beta)
    return layer


def test_moments_of_a_normal_input() -> None:
    grid = torch.linspace(-12, 12, 240_001, dtype=torch.float64)
    weight = torch.exp(-grid.square() / 2)
    weight /= weight.sum()
    y = fixed_layer(0.0)(grid.reshape(1, 1, 1, -1)).flatten()
    mean = (weight * y).sum()
    std = (weight * (y - mean).square()).sum().sqrt()
    assert mean.item() == pytest.approx(0.20662, abs=5e-6)
    assert std.item() == pytest.approx(0.55954, abs=5e-6)


def test_extremes() -> None:
    grid = torch.linspace(-3, 0, 3_000_001, dtype=torch.float64)
    y = fixed_layer(0.0)(grid.reshape(1, 1, 1, -1)).flatten()
    assert y.min().item() == pytest.approx(-0.278465, abs=1e-6)
    assert grid[y.argmin()].item() == pytest.approx(-1.278465, abs=2e-6)
    one = fixed_layer(0.0)(torch.full((1, 1, 1, 1), 1.278465, dtype=torch.float64))
    assert one.item() == pytest.approx(1, abs=2e-6)


@pytest.mark.parametrize(("beta", "root"), [(0.0, 0.0), (-0.2, 0.3421), (-0.5, 0.7388), (-1.0, 1.2785)])
def test_one_threshold_where_beta_is_not_positive(beta: float, root: float) -> None:
    assert bisect(-1.2785, 9, beta) == pytest.approx(root, abs=6e-5)


@pytest.mark.parametrize(
    ("beta", "first", "second"),
    [(0.05, -4.485, -0.106), (0.1, -3.537, -0.225), (0.2, -2.396, -0.545), (0.25, -1.867, -0.815)],
)
def test_band_where_beta_is_small(beta: float, first: float, second: float) -> None:
    assert bisect(-20, -1.278465, beta) == pytest.approx(first, abs=6e-4)
    assert bisect(-1.278465, 5, beta) == pytest.approx(second, abs=6e-4)


def test_constant_where_beta_is_large() -> None:
    y = fixed_layer(0.2785)(torch.linspace(-50, 50, 100_001, dtype=torch.float64).reshape(1, 1, 1, -1))
    assert (y > 0).all()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("settings", [{}, {"momentum": None}, {"eps": 0.1}, {"track_running_stats": False}])
@pytest.mark.parametrize("shape", [(8, 3), (8, 3, 5), (8, 3, 5, 4)])
def test_statistics_are_those_of_batch_norm(
    shape: tuple[int, ...], settings: dict[str, Any], training: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    two = len(shape) == 4
    plain = (nn.BatchNorm2d if two else nn.BatchNorm1d)(3, affine=False, **settings)
    ours = (AttentionBatchNorm2d if two else AttentionBatchNorm1d)(3, **settings)
    for _ in range(3):
        x = 3 * torch.randn(shape) + 1
        torch.testing.assert_close(ours(x), functional.silu(plain(x)), rtol=0, atol=0)
    plain.train(training), ours.train(training)
    x = torch.randn(shape)
    torch.testing.assert_close(ours(x), exact_silu(plain(x), exact=not training), rtol=0, atol=0)
    for (_, a), (_, b) in zip(plain.named_buffers(), ours.named_buffers(), strict=True):
        assert torch.equal(a, b)


def test_formula_and_gradient(seed: int) -> None:
    torch.manual_seed(seed)
    layer = AttentionBatchNorm2d(3, scale=True).double()
    assert layer.gamma is not None
    assert layer.beta is not None
    nn.init.normal_(layer.gamma), nn.init.normal_(layer.beta)
    x = torch.randn(4, 3, 5, 5, dtype=torch.float64, requires_grad=True)
    y = layer(x)
    xh = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
    expected = layer.gamma.reshape(-1, 1, 1) * silu(xh) + layer.beta.reshape(-1, 1, 1)
    torch.testing.assert_close(y, expected)
    assert torch.autograd.gradcheck(layer, (x,))


@pytest.mark.parametrize(("scale", "bias"), [(False, True), (True, True), (False, False), (True, False)])
def test_switches(scale: bool, bias: bool) -> None:
    names = [name for name, _ in AttentionBatchNorm2d(4, scale=scale, bias=bias).named_parameters()]
    assert names == ["gamma"] * scale + ["beta"] * bias


def test_synchronised_copy_is_still_attention(seed: int) -> None:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), AttentionBatchNorm2d(4), nn.BatchNorm2d(4))
    model(torch.randn(2, 3, 8, 8))
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(model))
    attention = converted[1]
    assert isinstance(attention, AttentionBatchNorm2d)
    assert isinstance(attention.normalise, nn.SyncBatchNorm)
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(converted.eval()(x), model.eval()(x))
    assert converted.state_dict().keys() == model.state_dict().keys()


def test_wrong_shape() -> None:
    with pytest.raises(ValueError, match="expected 4D input"):
        AttentionBatchNorm2d(3)(torch.zeros(2, 3))


def test_reset(seed: int) -> None:
    layer = AttentionBatchNorm2d(3, scale=True)
    fresh = copy.deepcopy(layer.state_dict())
    layer(torch.randn(2, 3, 4, 4))
    nn.init.normal_(layer.beta)
    layer.reset_parameters()
    for name, value in layer.state_dict().items():
        assert torch.equal(value, fresh[name]), name
