"""CentredMeanAbsSign against the published procedure, which overwrites the weight and restores it."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from signbit.binarizers.centred_mean_abs_sign import CentredMeanAbsSign
from signbit.binarizers.mean_abs_sign import WEIGHT_GRADIENTS, MeanAbsSign
from signbit.layers import BinaryConv2d


def centred_and_clamped(weight: torch.Tensor) -> torch.Tensor:
    return (weight - sum(weight[:, c : c + 1] for c in range(weight.shape[1])) / weight.shape[1]).clamp(-1, 1)


@pytest.mark.parametrize("rule", WEIGHT_GRADIENTS)
def test_layer_is_that_of_the_overwritten_weight(rule: str, seed: int) -> None:
    torch.manual_seed(seed)
    ours, overwritten = (
        BinaryConv2d(4, 6, 3, input_binarizer=None, weight_binarizer=method(rule)).double()
        for method in (CentredMeanAbsSign, MeanAbsSign)
    )
    nn.init.normal_(ours.weight, 0.5, 1)
    before = ours.weight.detach().clone()
    with torch.no_grad():
        overwritten.weight.copy_(centred_and_clamped(before))
    x = torch.where(torch.randn(2, 4, 5, 5) >= 0, 1.0, -1.0).double()
    upstream = torch.randn(2, 6, 3, 3, dtype=torch.float64)
    for layer in (ours, overwritten):
        layer(x).backward(upstream)
    torch.testing.assert_close(ours(x), overwritten(x))
    torch.testing.assert_close(ours.weight.grad, overwritten.weight.grad)
    assert torch.equal(ours.weight, before)


def test_forward_is_the_published_formula(seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(3, 5, 3, weight_binarizer="centred_mean_abs_sign")
    z = centred_and_clamped(layer.weight.detach())
    x = torch.randn(2, 3, 6, 6)
    product = functional.conv2d(torch.where(x >= 0, 1.0, -1.0), torch.where(z >= 0, 1.0, -1.0))
    expected = product * z.abs().mean((1, 2, 3)).reshape(-1, 1, 1)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer.eval()(x), expected)


def test_the_axis_is_that_of_the_input_channels() -> None:
    weight = torch.arange(12.0).reshape(2, 2, 1, 3) / 12
    centred = CentredMeanAbsSign().latent(weight)
    assert centred.sum(1).abs().max() < 1e-6
    assert centred.sum((1, 2, 3)).abs().max() < 1e-6
    torch.testing.assert_close(centred[0, :, 0, 0], torch.tensor([-0.125, 0.125]))  # every position by itself
