"""What a method cannot learn is refused when the layer is built: dead is refused, and refused is dead."""

import re
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from signbit import binarizers
from signbit.binarizers import Binarizer
from signbit.binarizers.mean_abs_sign import CENTRED_RULES, WEIGHT_GRADIENTS
from signbit.layers import BinaryConv2d, BinaryLinear, BinaryWeightConv2d, IntegerConv2d, ScaledStdConv2d
from signbit.layers.product import Geometry, scaled_conv2d

SHAPES = [(16, 1, 1, 1), (16, 1, 3, 3), (4, 1, 1, 2), (4, 2, 1, 1), (4, 3, 1, 1), (4, 2, 3, 3), (8, 1), (8, 2), (1, 1)]
METHODS = [(name, {}) for name in binarizers.names()] + [
    (name, {"weight_gradient": rule})
    for name in ("mean_abs_sign", "centred_mean_abs_sign")
    for rule in WEIGHT_GRADIENTS
]


def is_dead(binarizer: Binarizer, shape: Sequence[int], seed: int) -> bool:
    """Whether neither the input nor the weight of a convolution gets a gradient from a method that nobody checked."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(*shape, *[1] * (4 - len(shape)), generator=generator).mul(0.4).requires_grad_()
    x = torch.randn(4, weight.shape[1], 5, 5, generator=generator).requires_grad_()
    geometry = Geometry((1, 1), (1, 1), (1, 1), 1, 0)
    y = scaled_conv2d(x, binarizer(weight), binarizer.scale(weight), geometry, exact=False)
    (y - 1).square().mean().backward()
    assert weight.grad is not None
    assert x.grad is not None
    return not (weight.grad.any() and x.grad.any())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "arguments"), METHODS)
def test_dead_is_refused_and_refused_is_dead(
    name: str, arguments: dict[str, str], shape: tuple[int, ...], seed: int
) -> None:
    binarizer = binarizers.create(name, **arguments)
    if is_dead(binarizer, shape, seed):
        with pytest.raises(ValueError, match=rf"^{name} .* shape {re.escape(str(shape))} .*; give .*, or .*"):
            binarizer.check_weight(shape)
    else:
        binarizer.check_weight(shape)


@pytest.mark.parametrize(
    "build",
    [
        lambda weights: BinaryConv2d(16, 16, 1, groups=16, weight_binarizer=weights),
        lambda weights: BinaryConv2d(1, 8, 1, weight_binarizer=weights),
        lambda weights: BinaryWeightConv2d(16, 32, 1, groups=16, weight_binarizer=weights),
        lambda weights: BinaryLinear(1, 5, weight_binarizer=weights),
        lambda weights: IntegerConv2d(1, 8, 1, weight_binarizer=weights),
    ],
)
@pytest.mark.parametrize("method", ["centred_mean_abs_sign", "standardized_mean_abs_sign", *CENTRED_RULES])
def test_every_layer_asks(build: type[nn.Module], method: str) -> None:
    rule = method in CENTRED_RULES
    weights = binarizers.create("mean_abs_sign", weight_gradient=method) if rule else method
    with pytest.raises(ValueError, match=r"mean_abs_sign .*; give at least|; give filters"):
        build(weights)
    build("mean_abs_sign")


@pytest.mark.parametrize("method", ["centred_mean_abs_sign", *CENTRED_RULES])
def test_depthwise_3x3(method: str) -> None:
    rule = method in CENTRED_RULES
    weights = binarizers.create("mean_abs_sign", weight_gradient=method) if rule else method
    with pytest.raises(ValueError, match="2 input channels per group"):
        BinaryConv2d(16, 16, 3, groups=16, weight_binarizer=weights)
    BinaryConv2d(16, 16, 3, groups=8, weight_binarizer=weights)
    BinaryConv2d(16, 16, 3, groups=16, weight_binarizer="standardized_mean_abs_sign")


def test_real_weights_that_are_standardised() -> None:
    with pytest.raises(ValueError, match=r"ScaledStdConv2d .* shape \(8, 1, 1, 1\) .*, or use torch\.nn\.Conv2d"):
        ScaledStdConv2d(8, 8, 1, groups=8)
    ScaledStdConv2d(8, 8, 3, groups=8)


def test_a_method_states_its_own() -> None:
    class Whole(Binarizer):
        def gradient(self, z: torch.Tensor) -> torch.Tensor:
            return torch.ones_like(z)

        def check_weight(self, shape: Sequence[int]) -> None:
            if shape[0] % 8:
                raise ValueError(f"{shape[0]} filters; give a multiple of 8")

    with pytest.raises(ValueError, match="12 filters; give a multiple of 8"):
        BinaryLinear(4, 12, weight_binarizer=Whole())
    BinaryLinear(4, 16, weight_binarizer=Whole())
