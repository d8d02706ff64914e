"""ResNet-18 and -34, real-valued and binary: their counts, a block against the formula, the switches."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, norm, pixels, randomise, sign, sign_conv
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.layers import AttentionBatchNorm2d, BinaryConv2d, parameter_roles


@pytest.mark.parametrize(("name", "count"), [("resnet18", 11_689_512), ("resnet34", 21_797_672)])
def test_parameters_for_imagenet(name: str, count: int) -> None:
    with torch.device("meta"):
        model = models.create(name, num_classes=1000, layout="imagenet")
        binary = models.create(f"binary_{name}", num_classes=1000, layout="imagenet")
    assert sum(p.numel() for p in model.parameters()) == count
    assert [p.shape for p in binary.parameters()] == [p.shape for p in model.parameters()]


def test_binary_weights() -> None:
    with torch.device("meta"):
        found = {
            shortcut: [
                m for m in models.create("binary_resnet18", shortcut=shortcut).modules() if type(m) is BinaryConv2d
            ]
            for shortcut in ("binary", "real", "pad")
        }
    assert {shortcut: len(convs) for shortcut, convs in found.items()} == {"binary": 19, "real": 16, "pad": 16}
    assert sum(m.weight.numel() for m in found["real"]) == 10_985_472


def real_block(x: Tensor, state: State, stride: int) -> Tensor:
    y = functional.relu(norm(functional.conv2d(x, state["body.0.weight"], None, stride, 1), state, "body.1"))
    y = norm(functional.conv2d(y, state["body.3.weight"], None, 1, 1), state, "body.4")
    if stride == 2:
        x = norm(functional.conv2d(x, state["shortcut.0.weight"], None, 2), state, "shortcut.1")
    return functional.relu(y + x)


def binary_block(x: Tensor, state: State, stride: int) -> Tensor:
    y = functional.hardtanh(norm(sign_conv(sign(x), state["body.0.weight"], stride), state, "body.1"))
    y = norm(sign_conv(sign(y), state["body.3.weight"]), state, "body.4")
    if stride == 2:
        x = norm(sign_conv(sign(x)[..., ::2, ::2], state["shortcut.0.weight"], padding=0), state, "shortcut.1")
    return functional.hardtanh(y + x)


@pytest.mark.parametrize("name", ["resnet18", "binary_resnet18"])
@pytest.mark.parametrize(("index", "stride"), [(1, 1), (2, 2)])
def test_block(index: int, stride: int, name: str) -> None:
    found = models.create(name, width=0.25).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8)
    expected = (real_block if name == "resnet18" else binary_block)(x, state, stride)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-4)


def test_order_of_a_binary_block() -> None:
    block = models.create("binary_resnet18", width=0.1, norm="abn").blocks[0]
    once = ["BinaryConv2d", "AttentionBatchNorm2d"]
    assert [type(m).__name__ for m in block.body] == [*once, "Hardtanh", *once]
    assert [type(m).__name__ for m in (block.shortcut, block.activation)] == ["Identity", "Hardtanh"]


def test_shortcut_around_each_convolution() -> None:
    model = models.create("binary_resnet18", width=0.1, shortcut_around="conv")
    assert [type(m).__name__ for m in model.blocks[3].body] == ["BinaryConv2d", "BatchNorm2d"]
    assert [i for i, block in enumerate(model.blocks) if not isinstance(block.shortcut, nn.Identity)] == [4, 8, 12]
    assert len(model.blocks) == 16


def test_the_twin_is_the_real_valued_network() -> None:
    torch.manual_seed(0)
    real = models.create("resnet18", width=0.1)
    twin = models.create("binary_resnet18", width=0.1, binary=False)
    twin.load_state_dict(real.state_dict(), strict=True)
    x = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)
    assert torch.equal(twin.eval()(x), real.eval()(x))
    assert "latent_weight" not in parameter_roles(twin).values()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("resnet18", {"norm": "abn"}),
        ("binary_resnet18", {"norm": "abn", "stem": "integer", "layout": "imagenet", "image_size": 32}),
        ("binary_resnet18", {"shortcut": "pad", "shortcut_around": "conv", "norm": "abn_scale"}),
    ],
)
def test_trains_for_a_step(name: str, arguments: dict[str, Any]) -> None:
    model = models.create(name, width=0.1, num_classes=7, **arguments)
    check_step(model, 7)
    assert any(isinstance(m, AttentionBatchNorm2d) for m in model.modules())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "group"}, "norm is 'group'; there are batch, abn"),
        ({"shortcut": "mean"}, "shortcut is 'mean'; there are binary, real, pad"),
        ({"shortcut_around": "net"}, "shortcut_around is 'net'; there are conv, block"),
        ({"weight_binarizer": "tanh"}, "no 'tanh'; there are approx_sign"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("binary_resnet18", **arguments)
