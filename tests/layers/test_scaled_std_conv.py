"""Standardised weights, real-valued and binary, against the formula."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from signbit.layers import BinaryConv2d, ChannelGain, ScaledStdConv2d, parameter_roles


def standardized(weight: Tensor) -> Tensor:
    mean = weight.mean((1, 2, 3), keepdim=True)
    std = (weight - mean).square().mean((1, 2, 3), keepdim=True).sqrt()
    return (weight - mean) / (std + 1e-5) * weight[0].numel() ** -0.5


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def binary(inputs: int, outputs: int) -> BinaryConv2d:
    method = "standardized_mean_abs_sign"
    return BinaryConv2d(inputs, outputs, 3, 2, 1, groups=2, input_binarizer=None, weight_binarizer=method).double()


def test_real_valued(seed: int) -> None:
    torch.manual_seed(seed)
    layer = ScaledStdConv2d(4, 6, 3, 2, 1, groups=2).double()
    nn.init.uniform_(layer.gain, 0.5, 2)
    x, weight = draw(2, 4, 7, 7), layer.weight.detach().clone().requires_grad_()
    expected = functional.conv2d(x, layer.gain.detach().reshape(-1, 1, 1, 1) * standardized(weight), None, 2, 1, 1, 2)
    upstream = torch.randn_like(expected)
    layer(x).backward(upstream)
    expected.backward(upstream)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer.weight.grad, weight.grad)
    assert parameter_roles(layer) == {"weight": "real", "gain": "scale"}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("factor", [0.0005, 8.0])
def test_binary(training: bool, factor: float, seed: int) -> None:
    """gain * mean|What| * sign(What), the mean a constant, the sign's gradient 1[|What| <= 1]."""
    torch.manual_seed(seed)
    layer, gain = binary(4, 6).train(training), ChannelGain(6).double()
    with torch.no_grad():
        layer.weight.mul_(factor)
        gain.gain.uniform_(0.5, 2)
    x, upstream = torch.sign(draw(2, 4, 7, 7)), draw(2, 6, 4, 4)
    gain(layer(x)).backward(upstream)

    weight = layer.weight.detach().clone().requires_grad_()
    gains = gain.gain.detach().clone().requires_grad_()
    hat = standardized(weight)
    scale = hat.abs().mean((1, 2, 3), keepdim=True).detach()
    clipped = hat.clamp(-1, 1)
    codes = (scale * torch.where(hat >= 0, 1.0, -1.0) - clipped).detach() + clipped
    expected = functional.conv2d(x, gains.reshape(-1, 1, 1, 1) * codes, None, 2, 1, 1, 2)
    expected.backward(upstream)
    torch.testing.assert_close(gain(layer(x)), expected)
    torch.testing.assert_close(layer.weight.grad, weight.grad)
    torch.testing.assert_close(gain.gain.grad, gains.grad)
    assert parameter_roles(gain) == {"gain": "scale"}


def test_both_are_equal_in_mode_real(seed: int) -> None:
    torch.manual_seed(seed)
    layer, real = binary(4, 6), ScaledStdConv2d(4, 6, 3, 2, 1, groups=2).double()
    layer.weight_binarizer.mode = "real"
    real.load_state_dict({"weight": layer.weight, "gain": torch.ones(6)})
    x = draw(2, 4, 7, 7)
    torch.testing.assert_close(layer(x), real(x))


def test_half_of_the_signs_are_minus_one_however_the_weights_begin(seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(64, 64, 3, weight_binarizer="standardized_mean_abs_sign")
    nn.init.uniform_(layer.weight, 0, 0.001)
    codes, scale = layer.weight_codes()
    assert abs(codes.mean().item()) < 0.02
    assert scale is not None
    # The output's variance for codes as inputs: 3 / 4 for uniform weights, less what the 1e-5 takes.
    assert ((scale * math.sqrt(576)).square().mean().item()) == pytest.approx(0.70, abs=0.01)


def test_filter_of_equal_values_has_a_finite_gradient() -> None:
    for layer in (BinaryConv2d(2, 3, 3, weight_binarizer="standardized_mean_abs_sign"), ScaledStdConv2d(2, 3, 3)):
        nn.init.constant_(layer.weight, 0.25)
        layer(torch.randn(1, 2, 5, 5)).sum().backward()
        assert layer.weight.grad is not None
        assert torch.isfinite(layer.weight.grad).all()
