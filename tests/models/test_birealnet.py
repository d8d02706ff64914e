"""Bi-Real Net-18, -34 and -50: their counts, and blocks against the formula."""

from typing import Any

import pytest
import torch
from straight_line import State, mean_abs_conv, mean_pool, norm, pixels, randomise, sign
from torch import Tensor, nn

from signbit import models
from signbit.binarizers.approx_sign import ApproxSign
from signbit.layers import BinaryConv2d, parameter_roles
from signbit.layers.leaky_clip import LeakyClip


def bottleneck_weights() -> int:
    """Of Bi-Real Net-50, from its description: all convolutions of the blocks but the first of the first."""
    found, inputs = -64 * 64, 64
    for count, middle in zip((3, 4, 6, 3), (64, 128, 256, 512), strict=True):
        for _ in range(count):
            found += inputs * middle + 9 * middle * middle + 4 * middle * middle
            inputs = 4 * middle
    return found


@pytest.mark.parametrize(
    ("name", "convolutions", "binary_weights"),
    [
        ("birealnet18", 16, 10_985_472),
        ("birealnet34", 32, 21_086_208),
        ("birealnet50", 16 * 3 - 1, bottleneck_weights()),
    ],
)
def test_sizes(name: str, convolutions: int, binary_weights: int) -> None:
    with torch.device("meta"):
        model = models.create(name, num_classes=1000, image_size=224)
    roles = parameter_roles(model)
    found = [p.numel() for key, p in model.named_parameters() if roles[key] == "latent_weight"]
    assert (len(found), sum(found)) == (convolutions, binary_weights)
    assert not any(isinstance(m, (nn.ReLU, nn.PReLU)) for m in model.modules())
    assert all(isinstance(m.input_binarizer, ApproxSign) for m in model.modules() if isinstance(m, BinaryConv2d))


def convolve(x: Tensor, state: State, path: str, stride: int = 1, padding: int = 1) -> Tensor:
    return mean_abs_conv(sign(x), state[f"{path}.weight"], stride, padding)


def real_1x1(x: Tensor, kernel: Tensor) -> Tensor:
    return torch.einsum("nchw,oc->nohw", x, kernel[:, :, 0, 0])


def block(x: Tensor, state: State, stride: int) -> Tensor:
    past = x
    if stride == 2:
        past = norm(real_1x1(mean_pool(x), state["shortcut.1.weight"]), state, "shortcut.2")
    return norm(convolve(x, state, "conv", stride), state, "norm") + past


@pytest.mark.parametrize(("index", "stride"), [(0, 1), (4, 2)])
def test_block(index: int, stride: int) -> None:
    found = models.create("birealnet18", width=0.25).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8)
    torch.testing.assert_close(found(x), block(x, state, stride), rtol=1e-4, atol=1e-5)


def bottleneck(narrow: Tensor, wide: Tensor, state: State, index: int) -> tuple[Tensor, Tensor]:
    """The first block of the network, one in the midst of a stage, and the first of the second stage: 0, 1, 3."""
    if index == 0:
        clipped = torch.where(wide.abs() > 1, wide.sign() * (0.9 + 0.1 * wide.abs()), wide)
        reduced = norm(real_1x1(clipped, state["reduce.1.weight"]), state, "reduce.2")
    else:
        past = real_1x1(narrow, state["narrow_shortcut.weight"]) if index == 3 else narrow
        reduced = norm(convolve(wide, state, "reduce.0", padding=0), state, "reduce.1") + past
    stride = 2 if index == 3 else 1
    middle = norm(convolve(reduced, state, "conv.0", stride), state, "conv.1")
    middle = middle + (mean_pool(reduced) if stride == 2 else reduced)
    past = wide
    if index != 1:
        first = "wide_shortcut.1" if stride == 2 else "wide_shortcut.0"
        pooled = mean_pool(wide) if stride == 2 else wide
        past = norm(real_1x1(pooled, state[f"{first}.weight"]), state, f"wide_shortcut.{stride}")
    return middle, norm(convolve(middle, state, "expand.0", padding=0), state, "expand.1") + past


@pytest.mark.parametrize("index", [0, 1, 3])
def test_bottleneck(index: int) -> None:
    found = models.create("birealnet50", width=0.125).eval().blocks[index]
    state = randomise(found, seed=index)
    narrow, wide = pixels(2, 8, 8, 8), pixels(2, 8 if index == 0 else 32, 8, 8, seed=1)
    expected = bottleneck(narrow, wide, state, index)
    for ours, theirs in zip(found(narrow, wide), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_features_of_two_streams_are_the_wide_ones() -> None:
    model = models.create("birealnet50", width=0.125).eval()
    shapes = []
    for path in model.feature_layers[:4]:
        model.get_submodule(path).register_forward_hook(lambda _, __, y: shapes.append(tuple(y.shape)))
    logits = model(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    assert shapes == [(1, 32, 32, 32)] * 3 + [(1, 64, 16, 16)]
    assert logits.shape == (1, 10)


def test_leaky_clip() -> None:
    x = torch.tensor([-3.0, -1.0, -0.3, 0.0, 0.7, 1.0, 11.0], requires_grad=True)
    y = LeakyClip()(x)
    y.sum().backward()
    torch.testing.assert_close(y, torch.tensor([-1.2, -1.0, -0.3, 0.0, 0.7, 1.0, 2.0]))
    assert x.grad is not None
    inner = torch.tensor([0.1, 1, 1, 1, 0.1])
    torch.testing.assert_close(x.grad[[0, 2, 3, 4, 6]], inner)


@pytest.mark.parametrize("name", ["birealnet18", "birealnet50"])
@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({}, "unscaled"),
        ({"weight_gradient": "magnitude_aware"}, "magnitude_aware"),
        ({"weight_gradient": "xnor_paper", "weight_binarizer": "centred_mean_abs_sign"}, "xnor_paper"),
        ({"weight_gradient": "magnitude_aware", "weight_binarizer": "ste_sign"}, "unscaled"),
    ],
)
def test_rule_of_the_weight_gradient(name: str, arguments: dict[str, Any], rule: str) -> None:
    model = models.create(name, width=0.125, **arguments)
    found = {m.weight_binarizer.weight_gradient for m in model.modules() if isinstance(m, BinaryConv2d)}
    assert found == {rule}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight_gradient": "scaled"}, "there are unscaled, through_scale, magnitude_aware"),
        ({"activation": "gelu"}, "activation is 'gelu'; there are none"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("birealnet18", **arguments)
