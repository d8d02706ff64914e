"""AresB-Net: its counts, its blocks, stem and head against the formula, and its switches."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, mean_abs_conv, norm, pixels, randomise, shuffle, sign
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.binarizers.mean_abs_sign import MeanAbsSign
from signbit.layers import AttentionBatchNorm2d, BinaryConv2d

IMAGENET = {"num_classes": 1000, "image_size": 224}


def on_meta(name: str, **arguments: Any) -> nn.Module:
    with torch.device("meta"):
        return models.create(name, **arguments)


@pytest.mark.parametrize("data", [{"num_classes": 100}, IMAGENET])
@pytest.mark.parametrize(
    ("name", "count"), [("aresbnet10", 4_718_592), ("aresbnet18", 10_985_472), ("aresbnet34", 21_086_208)]
)
def test_binary_weights(name: str, count: int, data: dict[str, int]) -> None:
    layers = [m for m in on_meta(name, **data).modules() if isinstance(m, BinaryConv2d)]
    assert sum(layer.weight.numel() for layer in layers) == count


@pytest.mark.parametrize(("name", "branches"), [("aresbnet10", 960), ("aresbnet18", 1920), ("aresbnet34", 3776)])
def test_parameters_that_are_not_binary(name: str, branches: int) -> None:
    # A block has norms of p, 2 p and p channels; `branches` is the sum of p over the blocks.
    for data, stem, head in (({"num_classes": 100}, 27 * 64, 513 * 100), (IMAGENET, 147 * 64 + 2 * 64, 513 * 1000)):
        found = on_meta(name, **data)
        latent = sum(m.weight.numel() for m in found.modules() if isinstance(m, BinaryConv2d))
        assert sum(p.numel() for p in found.parameters()) - latent == stem + 2 * 128 + 8 * branches + head


# ---- against the formula


def leaky_relu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0.01 * x)


def max_pool(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 3, 2, 1)


def branch(x: Tensor, state: State, name: str, stride: int = 1) -> Tensor:
    product = mean_abs_conv(sign(x), state[f"{name}.branch.conv.weight"], stride, groups=2)
    return norm(leaky_relu(product), state, f"{name}.branch.norm")


def block(x: Tensor, state: State, stride: int, shuffled: bool) -> Tensor:
    x = shuffle(x) if shuffled else x
    a, b = x.chunk(2, 1) if stride == 1 else (max_pool(x), max_pool(x))
    y = norm(torch.cat([branch(x, state, "first", stride) + a, b], 1), state, "first.finish")
    y = shuffle(y)
    a, b = y.chunk(2, 1)
    return torch.cat([branch(y, state, "second") + a, b], 1)


@pytest.mark.parametrize(("index", "stride", "shuffled"), [(0, 1, False), (1, 1, True), (2, 2, True), (3, 1, True)])
def test_block(index: int, stride: int, shuffled: bool) -> None:
    found = models.create("aresbnet18", width=0.125).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 32 if index == 3 else 16, 8, 8)
    torch.testing.assert_close(found(x), block(x, state, stride, shuffled), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layout", ["cifar", "imagenet"])
def test_stem(layout: str) -> None:
    found = models.create("aresbnet10", width=0.125, layout=layout).eval().stem
    state = randomise(found[1:], seed=1)
    x = torch.randint(0, 256, (2, 3, 32, 32), generator=torch.Generator().manual_seed(2))
    y = (x / 255 - 0.5) / 0.5
    if layout == "cifar":
        y = leaky_relu(functional.conv2d(y, state["1.weight"], padding=1))
    else:
        y = norm(functional.conv2d(y, state["1.weight"], stride=2, padding=3), state, "2")
        y = max_pool(leaky_relu(y))
    expected = norm(torch.cat([y, y], 1), state, "4" if layout == "cifar" else "6")
    torch.testing.assert_close(found(x.to(torch.uint8)), expected, rtol=1e-4, atol=1e-5)


def test_head_sees_the_first_half() -> None:
    found = models.create("aresbnet10", width=0.125, dropout=0.5).eval().head
    x = pixels(3, 128, 4, 4)
    linear = found[-1]
    torch.testing.assert_close(found(x), functional.linear(x[:, :64].mean((2, 3)), linear.weight, linear.bias))
    assert [type(layer) for layer in found[-2:]] == [nn.Dropout, nn.Linear]


# ---- switches


def test_weights_have_the_rule_of_the_paper() -> None:
    found = [m.weight_binarizer for m in on_meta("aresbnet10").modules() if isinstance(m, BinaryConv2d)]
    assert [type(b) for b in found] == 8 * [MeanAbsSign]
    assert {b.weight_gradient for b in found} == {"xnor_port"}
    assert len(set(map(id, found))) == 8  # a default that networks shared would carry a mode from one to another


def test_switches() -> None:
    found = on_meta("aresbnet10", norm="abn", activation="prelu", binarizer="approx_sign", weight_binarizer="ste_sign")
    assert not any(isinstance(m, nn.LeakyReLU) for m in found.modules())
    assert sum(isinstance(m, AttentionBatchNorm2d) for m in found.modules()) == 1 + 4 * 3
    assert sum(isinstance(m, nn.PReLU) for m in found.modules()) == 1 + 4 * 2
    layers = [m for m in found.modules() if isinstance(m, BinaryConv2d)]
    assert {type(m.input_binarizer).__name__ for m in layers} == {"ApproxSign"}
    assert {type(m.weight_binarizer).__name__ for m in layers} == {"SteSign"}


@pytest.mark.parametrize("width", [0.01, 0.25, 0.3])
@pytest.mark.parametrize("name", ["aresbnet10", "aresbnet18", "aresbnet34"])
def test_narrow(name: str, width: float) -> None:
    found = models.create(name, width=width).eval()
    convolutions = [m for m in found.modules() if isinstance(m, BinaryConv2d)]
    assert all(m.in_channels % 16 == 0 and m.out_channels % 8 == 0 for m in convolutions)
    assert found(torch.zeros(1, 3, 16, 16, dtype=torch.uint8)).shape == (1, 10)


@pytest.mark.parametrize("size", [28, 96])
def test_trains(size: int, seed: int) -> None:
    torch.manual_seed(seed)
    found = models.create("aresbnet10", width=0.125, num_classes=7, image_size=size, dropout=0.5)
    check_step(found, 7, size)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "swish"}, "activation is 'swish'; there are none, relu"),
        ({"norm": "layer"}, "norm is 'layer'; there are batch"),
        ({"weight_binarizer": "two_sign"}, "no 'two_sign'; there are approx_sign"),
        ({"weight_gradient": "xnor"}, "weight_gradient is 'xnor'; there are unscaled"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("aresbnet10", **arguments)
