"""ResNetE-18: its counts, its stem and head, and a block against the formula."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, mean_pool, norm, pixels, randomise, sign, sign_conv
from torch import Tensor

from signbit import models
from signbit.layers import BinaryConv2d


def test_sizes() -> None:
    with torch.device("meta"):
        model = models.create("resnete18", num_classes=1000, image_size=224)
    convolutions = [m for m in model.modules() if isinstance(m, BinaryConv2d)]
    assert (len(convolutions), sum(m.weight.numel() for m in convolutions)) == (16, 10_985_472)
    real = 3 * 64 * 49 + 64 * 128 + 128 * 256 + 256 * 512 + 513 * 1000
    norms = 2 * (2 * 64 + 4 * (64 + 128 + 256 + 512) + 128 + 256 + 512)
    assert sum(p.numel() for p in model.parameters()) == 10_985_472 + real + norms


@pytest.mark.parametrize(("image_size", "pool"), [(32, []), (224, ["MaxPool2d"])])
def test_stem_and_head(image_size: int, pool: list[str]) -> None:
    model = models.create("resnete18", width=0.125, image_size=image_size)
    kinds = [type(m).__name__ for m in model.stem]
    assert kinds == ["Normalize", "Conv2d", "BatchNorm2d", "ReLU", *pool, "BatchNorm2d"]
    assert [type(m).__name__ for m in model.head] == ["ReLU", "AdaptiveAvgPool2d", "Flatten", "Linear"]


def block(x: Tensor, state: State, stride: int) -> Tensor:
    y = norm(sign_conv(sign(x), state["conv.weight"], stride), state, "norm")
    if stride == 2:
        kernel = state["shortcut.1.weight"][:, :, 0, 0]
        x = norm(torch.einsum("nchw,oc->nohw", mean_pool(x), kernel), state, "shortcut.2")
    return y + x


@pytest.mark.parametrize(("index", "stride"), [(0, 1), (4, 2)])
def test_block(index: int, stride: int) -> None:
    found = models.create("resnete18", width=0.25).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8)
    torch.testing.assert_close(found(x), block(x, state, stride), rtol=1e-4, atol=1e-5)


def test_clip_limit() -> None:
    for conv in (m for m in models.create("resnete18", width=0.125).modules() if isinstance(m, BinaryConv2d)):
        z = torch.tensor([1.25, 1.26])
        assert [b.gradient(z).tolist() for b in (conv.input_binarizer, conv.weight_binarizer)] == [[1, 0]] * 2
        assert conv.weight_binarizer.scale(conv.weight) is None


def test_a_step(seed: int) -> None:
    torch.manual_seed(seed)
    model = models.create("resnete18", width=0.125, norm="abn", activation="rprelu", padding_value=-1)
    check_step(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "group"}, "norm is 'group'; there are batch"),
        ({"binarizer": "tanh"}, "no 'tanh'; there are approx_sign"),
        ({"clip_limit": -1.0}, "limit is -1.0; give a positive number"),
        ({"padding_value": 2}, "padding_value is 2"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("resnete18", **arguments)
