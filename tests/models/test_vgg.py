"""VGG-11 and VGG-Small: their counts, a block against the formula, the switches."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, mean_abs_conv, norm, pixels, randomise, sign
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.layers import AttentionBatchNorm1d, AttentionBatchNorm2d, BinaryConv2d, BinaryLinear, parameter_roles


def parameters(name: str, **arguments: Any) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in models.create(name, **arguments).parameters())


def test_sizes() -> None:
    convs = 9 * (3 * 128 + 128 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512)
    assert parameters("vgg_small") == convs + 4 * (128 + 256 + 512) + 8192 * 10 + 10
    assert parameters("vgg_small", binary=False) == parameters("vgg_small")
    # The published VGG-11 with batch norm has biases before its norms (the convolutions', the hidden layers') and no
    # norm in the hidden layers.
    biases, norms = 64 + 128 + 2 * 256 + 4 * 512 + 2 * 4096, 2 * 2 * 4096
    found = parameters("vgg11", num_classes=1000, image_size=224, hidden_features=(4096, 4096))
    assert found == 132_868_840 - biases + norms


def test_binary_layers() -> None:
    with torch.device("meta"):
        small, vgg11 = models.create("vgg_small"), models.create("vgg11", binary=True, hidden_features=(512,))
    assert [m.out_channels for m in small.modules() if isinstance(m, BinaryConv2d)] == [128, 256, 256, 512, 512]
    assert sum(isinstance(m, (BinaryConv2d, BinaryLinear)) for m in vgg11.modules()) == 7 + 1
    assert "latent_weight" not in parameter_roles(models.create("vgg11", width=0.1)).values()


def binary_block(x: Tensor, state: State, pooled: bool) -> Tensor:
    y = mean_abs_conv(sign(x), state["0.weight"])
    return functional.hardtanh(norm(functional.max_pool2d(y, 2), state, "2") if pooled else norm(y, state, "1"))


def real_block(x: Tensor, state: State, pooled: bool) -> Tensor:
    y = functional.relu(norm(functional.conv2d(x, state["0.weight"], None, 1, 1), state, "1"))
    return functional.max_pool2d(y, 2) if pooled else y


@pytest.mark.parametrize(
    ("name", "index", "pooled"),
    [("vgg_small", 0, True), ("vgg_small", 1, False), ("vgg11", 0, True), ("vgg11", 1, False)],
)
def test_block(name: str, index: int, pooled: bool) -> None:
    found = models.create(name, width=0.1).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, state["0.weight"].shape[1], 8, 8)
    expected = (binary_block if name == "vgg_small" else real_block)(x, state, pooled)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["vgg11", "vgg_small"])
@pytest.mark.parametrize("binary", [True, False])
def test_trains_for_a_step(name: str, binary: bool) -> None:
    model = models.create(
        name, binary=binary, norm="abn", width=0.1, hidden_features=[80, 160], dropout=0.5, num_classes=7
    )
    check_step(model, 7)
    assert sum(isinstance(m, AttentionBatchNorm1d) for m in model.modules()) == 2
    assert sum(isinstance(m, AttentionBatchNorm2d) for m in model.modules()) == (8 if name == "vgg11" else 6)
    assert any(isinstance(m, nn.Hardtanh) for m in model.modules()) is binary


@pytest.mark.parametrize(("size", "flat"), [(32, 1), (64, 4), (70, 4)])
def test_image_sizes(size: int, flat: int) -> None:
    model = models.create("vgg11", width=0.05, image_size=size)
    assert model.head[-1].in_features == 24 * flat
    assert model.eval()(torch.zeros(1, 3, size, size, dtype=torch.uint8)).shape == (1, 10)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("vgg11", {"image_size": 28}, "image_size is 28; give at least 32"),
        ("vgg_small", {"image_size": 7}, "image_size is 7; give at least 8"),
        ("vgg_small", {"norm": "group"}, "norm is 'group'; there are batch, abn"),
        ("vgg_small", {"padding_value": 2}, "padding_value is 2"),
    ],
)
def test_wrong_arguments(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create(name, **arguments)
