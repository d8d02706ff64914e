"""XNOR-Net: its counts, its blocks against the formula, the switches."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, channels, pixels, randomise, sign
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.layers import BinaryConv2d, parameter_roles


def counts(name: str, **arguments: Any) -> tuple[int, list[int]]:
    with torch.device("meta"):
        model = models.create(name, **arguments)
    binary = [m.weight.numel() for m in model.modules() if isinstance(m, BinaryConv2d)]
    return sum(p.numel() for p in model.parameters()), binary


def test_alexnet() -> None:
    found, binary = counts("xnornet_alexnet", num_classes=1000, image_size=224)
    inner = [96 * 256 * 25, 256 * 384 * 9, 384 * 384 * 9, 384 * 256 * 9, 256 * 4096 * 36, 4096 * 4096]
    norms = 2 * (96 + 96 + 256 + 384 + 384 + 256 + 4096 + 4096)
    assert binary == inner
    assert found == 3 * 96 * 121 + sum(inner) + norms + 4096 * 1000 + 1000


def test_resnet18() -> None:
    found, binary = counts("xnornet_resnet18", num_classes=1000, layout="imagenet")
    stages = [64, 128, 256, 512]
    shortcuts = 64 * 128 + 128 * 256 + 256 * 512
    norms = 2 * (64 + 4 * 64 + sum(a + 3 * b + a for a, b in pairwise(stages)) + 512)
    assert (len(binary), sum(binary)) == (19, 10_985_472 + shortcuts)
    assert found == 3 * 64 * 49 + sum(binary) + norms + 512 * 1000 + 1000
    assert len(counts("xnornet_resnet18", shortcut="real")[1]) == 16


def test_nin() -> None:
    found, binary = counts("xnornet_nin")
    sizes = [(192, 160, 1), (160, 96, 1), (96, 192, 25), (192, 192, 1), (192, 192, 1), (192, 192, 9), (192, 192, 1)]
    assert binary == [i * o * taps for i, o, taps in sizes]
    norms_and_biases = sum(2 * i + o for i, o, _ in sizes)
    assert found == 3 * 192 * 25 + sum(binary) + norms_and_biases + 192 * 10 + 10


def norm(x: Tensor, state: State, name: str) -> Tensor:
    values = (channels(state[f"{name}.{key}"]) for key in ("running_mean", "running_var", "weight", "bias"))
    mean, variance, gamma, beta = values
    return (x - mean) / (variance + 1e-4).sqrt() * gamma + beta


@pytest.mark.parametrize("norm", ["batch", "abn"])
def test_eps(norm: str) -> None:
    model = models.create("xnornet_alexnet", width=0.05, norm=norm)
    assert [m.eps for m in model.modules() if isinstance(m, nn.BatchNorm2d)] == [1e-4] * 7 + [1e-3]


def layer(x: Tensor, state: State, prefix: str, stride: int, padding: int, scaled: bool) -> Tensor:
    x = norm(x, state, f"{prefix}norm")
    w = state[f"{prefix}conv.weight"]
    z = (w - w.mean(1, keepdim=True)).clamp(-1, 1)
    y = functional.conv2d(sign(x), sign(z), None, stride, padding) * channels(z.abs().mean((1, 2, 3)))
    if scaled:
        box = torch.ones(1, 1, *w.shape[2:]) / w.shape[-1] ** 2
        y = y * functional.conv2d(x.abs().mean(1, keepdim=True), box, None, stride, padding)
    return y


@pytest.mark.parametrize("scaled", [False, True])
def test_a_layer_with_a_pool(scaled: bool) -> None:
    found = models.create("xnornet_alexnet", width=0.1, input_scale=scaled).eval().blocks[0]
    state = randomise(found, seed=0)
    x = pixels(2, found.conv.in_channels, 9, 9)
    expected = functional.max_pool2d(layer(x, state, "", 1, 2, scaled), 3, 2)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_layer_with_bias_and_relu(scaled: bool) -> None:
    found = models.create("xnornet_nin", width=0.25, input_scale=scaled).eval().blocks[4]
    state = randomise(found, seed=1)
    x = pixels(2, found.conv.in_channels, 8, 8)
    y = functional.relu(layer(x, state, "", 1, 0, scaled) + channels(state["bias"]))
    torch.testing.assert_close(found(x), functional.avg_pool2d(y, 3, 2, 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shortcut", ["binary", "real"])
@pytest.mark.parametrize(("index", "stride"), [(1, 1), (2, 2)])
def test_a_residual_block(index: int, stride: int, shortcut: str) -> None:
    found = models.create("xnornet_resnet18", width=0.25, shortcut=shortcut).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(2, 16, 8, 8)
    y = layer(layer(x, state, "body.0.", stride, 1, False), state, "body.1.", 1, 1, False)
    past = x
    if stride == 2 and shortcut == "binary":
        past = layer(x, state, "shortcut.", 2, 0, False)
    elif stride == 2:
        past = functional.conv2d(norm(x, state, "shortcut.0"), state["shortcut.1.weight"], None, 2)
    torch.testing.assert_close(found(x), y + past, rtol=1e-4, atol=1e-4)


def test_nin_drops_codes_in_training_alone() -> None:
    torch.manual_seed(0)
    model = models.create("xnornet_nin", width=0.25)
    assert [i for i, block in enumerate(model.blocks) if isinstance(block.dropout, nn.Dropout)] == [2, 5]
    x = pixels(2, model.blocks[2].conv.in_channels, 6, 6)
    codes = model.blocks[2].dropout(model.blocks[2].sign(x))
    assert set(codes.unique().tolist()) == {-2.0, 0.0, 2.0}
    model.eval()
    assert torch.equal(model.blocks[2](x), model.blocks[2](x))


def test_the_rule_reaches_every_layer() -> None:
    for arguments, expected in (
        ({}, "xnor_lua"),
        ({"weight_gradient": "xnor_port", "weight_binarizer": "mean_abs_sign"}, "xnor_port"),
        ({"weight_binarizer": "ste_sign"}, "unscaled"),
    ):
        model = models.create("xnornet_nin", width=0.1, **arguments)
        rules = {m.weight_binarizer.weight_gradient for m in model.modules() if isinstance(m, BinaryConv2d)}
        assert rules == {expected}


@pytest.mark.parametrize("name", ["xnornet_alexnet", "xnornet_resnet18", "xnornet_nin"])
@pytest.mark.parametrize(
    "arguments",
    [{}, {"norm": "abn", "relu": True, "input_scale": True, "stem": "integer"}, {"relu": False, "dropout": 0.5}],
)
def test_trains_for_a_step(name: str, arguments: dict[str, Any]) -> None:
    model = models.create(name, width=0.05, num_classes=7, **arguments)
    check_step(model, 7)
    assert {"latent_weight", "head", "norm"} <= set(parameter_roles(model).values())


@pytest.mark.parametrize(("size", "layout"), [(15, "cifar"), (63, "imagenet"), (64, "imagenet")])
def test_smallest_images_of_alexnet(size: int, layout: str) -> None:
    model = models.create("xnornet_alexnet", width=0.05, image_size=size, layout=layout).eval()
    assert model(torch.zeros(1, 3, size, size, dtype=torch.uint8)).shape == (1, 10)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("xnornet_alexnet", {"image_size": 14}, "image_size is 14; give at least 15"),
        ("xnornet_alexnet", {"image_size": 62, "layout": "imagenet"}, "image_size is 62; give at least 63"),
        ("xnornet_resnet18", {"shortcut": "pad"}, "shortcut is 'pad'; there are binary, real"),
        ("xnornet_nin", {"code_dropout": 1.0}, "code_dropout is 1.0; give a share"),
        ("xnornet_nin", {"weight_gradient": "lua"}, "weight_gradient is 'lua'; there are unscaled"),
        ("xnornet_nin", {"norm": "group"}, "norm is 'group'; there are batch, abn"),
    ],
)
def test_wrong_arguments(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create(name, **arguments)
