"""Weight rules, through a layer, against the literal formula for alpha * sign(W)."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from signbit.binarizers.centred_mean_abs_sign import CentredMeanAbsSign
from signbit.binarizers.mean_abs_sign import WEIGHT_GRADIENTS, MeanAbsSign
from signbit.layers import BinaryConv2d, BinaryLinear


def signs(x: Tensor) -> Tensor:
    return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)


def literal(rule: str, weight: Tensor, g: Tensor) -> Tensor:
    """The published formula; g is the gradient of alpha * sign(W)."""
    dims = tuple(range(1, weight.dim()))
    alpha = weight.abs().mean(dims, keepdim=True)
    mask = (weight.abs() <= 1).to(weight.dtype)
    if rule == "unscaled":
        return g * mask
    n, channels = weight[0].numel(), weight.shape[1]
    through_scale = alpha * mask * g + signs(weight) / n * (g * signs(weight)).sum(dims, keepdim=True)
    printed = g * (1 / n + alpha * (weight.abs() < 1).to(weight.dtype))
    return {
        "through_scale": through_scale,
        "magnitude_aware": alpha * g * mask,
        "xnor_paper": printed,
        "xnor_lua": printed * (1 - 1 / channels),
        "xnor_lua_sgd": printed * (1 - 1 / channels) * n,
        "xnor_port": through_scale * (1 - 1 / channels) * n,
    }[rule]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("padding_value", [0, 1, -1])
@pytest.mark.parametrize("rule", WEIGHT_GRADIENTS)
def test_convolution(rule: str, padding_value: int, training: bool, seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(
        4, 6, 3, stride=2, padding=1, groups=2, bias=True,
        padding_value=padding_value, input_binarizer=None, weight_binarizer=MeanAbsSign(rule),
    ).double().train(training)  # fmt: skip
    with torch.no_grad():
        layer.weight.mul_(8)  # values on both sides of 1
    x = signs(torch.randn(3, 4, 7, 8, dtype=torch.float64)).requires_grad_()
    upstream = torch.randn(3, 6, 4, 4, dtype=torch.float64)
    y = layer(x)
    y.backward(upstream)

    alpha = layer.weight.detach().abs().mean((1, 2, 3), keepdim=True)
    scaled = (alpha * signs(layer.weight.detach())).requires_grad_()
    x2 = x.detach().clone().requires_grad_()
    padded = functional.pad(x2, (1, 1, 1, 1), value=float(padding_value))
    expected = functional.conv2d(padded, scaled, layer.bias, stride=2, groups=2)
    expected.backward(upstream)
    assert scaled.grad is not None
    assert layer.weight.grad is not None
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(x.grad, x2.grad)
    torch.testing.assert_close(layer.weight.grad, literal(rule, layer.weight.detach(), scaled.grad))


@pytest.mark.parametrize("rule", WEIGHT_GRADIENTS)
def test_linear(rule: str, seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryLinear(65, 7, input_binarizer=None, weight_binarizer=MeanAbsSign(rule)).double()
    with torch.no_grad():
        layer.weight.mul_(12)
    x = signs(torch.randn(2, 5, 65, dtype=torch.float64)).requires_grad_()
    upstream = torch.randn(2, 5, 7, dtype=torch.float64)
    layer(x).backward(upstream)

    alpha = layer.weight.detach().abs().mean(1, keepdim=True)
    scaled = (alpha * signs(layer.weight.detach())).requires_grad_()
    x2 = x.detach().clone().requires_grad_()
    functional.linear(x2, scaled).backward(upstream)
    assert scaled.grad is not None
    torch.testing.assert_close(x.grad, x2.grad)
    torch.testing.assert_close(layer.weight.grad, literal(rule, layer.weight.detach(), scaled.grad))


def test_through_scale_is_the_true_derivative_but_for_the_mask(seed: int) -> None:
    torch.manual_seed(seed)
    weight = (torch.rand(3, 2, 3, 3, dtype=torch.float64) - 0.5).requires_grad_()
    g = torch.randn_like(weight)
    # sign(W) with the identity as its gradient, alpha not detached: what autograd makes of the product.
    straight = weight + (signs(weight) - weight).detach()
    (weight.abs().mean((1, 2, 3), keepdim=True) * straight).backward(g)
    torch.testing.assert_close(weight.grad, literal("through_scale", weight.detach(), g))


def test_unscaled_gradient_of_a_filter_of_zeros(seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryLinear(5, 2, input_binarizer=None, weight_binarizer="mean_abs_sign")
    with torch.no_grad():
        layer.weight.zero_()
    layer(torch.ones(1, 5)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[1] * 5] * 2  # no alpha in it, so no 0 / 0


@pytest.mark.parametrize("rule", WEIGHT_GRADIENTS)
def test_at_the_border(rule: str) -> None:
    weight = torch.tensor([[1.0, -1.0, 0.5, 1.5]]).reshape(1, 2, 1, 2).requires_grad_()
    method = MeanAbsSign(rule)
    method(weight).sum().backward()
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, literal(rule, weight.detach(), torch.ones_like(weight)))
    inside, border = weight.grad[0, 1, 0, 0], weight.grad[0, 0, 0, 0]
    assert (inside == border) == (not rule.startswith(("xnor_paper", "xnor_lua")))  # these are strict: |W| < 1


@pytest.mark.parametrize("rule", ["xnor_lua", "xnor_lua_sgd", "xnor_port"])
def test_one_input_channel_gets_nothing(rule: str) -> None:
    weight = torch.randn(3, 1, 3, 3, requires_grad=True)
    MeanAbsSign(rule)(weight).sum().backward()
    assert weight.grad is not None
    assert not weight.grad.any()


@pytest.mark.parametrize("method", [MeanAbsSign, CentredMeanAbsSign])
def test_unknown_rule(method: type[MeanAbsSign | CentredMeanAbsSign]) -> None:
    with pytest.raises(ValueError, match="there are unscaled, through_scale"):
        method("scaled")
