"""QuickNet: its sizes, and a block and a transition against the formulas."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import norm, pixels, randomise, sign
from torch import nn
from torch.nn import functional

from signbit import models
from signbit.layers import BinaryConv2d, BlurPool2d
from signbit.metrics import count_costs


@pytest.mark.parametrize(
    ("name", "millions", "megabytes"),
    [("quicknet_small", 12.7, 4.00), ("quicknet_base", 13.2, 4.17), ("quicknet_large", 23.3, 5.40)],
)
def test_published_sizes(name: str, millions: float, megabytes: float) -> None:
    with torch.device("meta"):
        model = models.create(name, num_classes=1000, image_size=224)
        costs = count_costs(model, torch.zeros(1, 3, 224, 224, dtype=torch.uint8))
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 1) == millions
    # What the published bytes hold beside the parameters: the blur kernels, and mean and variance of the norm that has
    # no parameters (a norm with parameters is two values a channel once it is folded).
    fixed = sum(m.kernel.numel() for m in model.modules() if isinstance(m, BlurPool2d))
    fixed += sum(2 * m.num_features for m in model.modules() if isinstance(m, nn.BatchNorm2d) and not m.affine)
    assert round((costs.bytes + 4 * fixed) / 2**20, 2) == megabytes


@pytest.mark.parametrize(("image_size", "before_head"), [(32, 4), (224, 7)])
def test_sizes_of_the_maps(image_size: int, before_head: int) -> None:
    model = models.create("quicknet_small", width=0.25, image_size=image_size).eval()
    y = model.blocks(model.stem(torch.zeros(1, 3, image_size, image_size)))
    assert y.shape == (1, 128, before_head, before_head)


def test_block() -> None:
    found = models.create("quicknet_base", width=0.25).eval().blocks[0]
    state = randomise(found, seed=0)
    x = pixels(3, 16, 8, 8)
    codes = functional.pad(sign(x), (1, 1, 1, 1), value=1.0)
    y = functional.conv2d(codes, sign(state["conv.weight"])).clamp_min(0)
    torch.testing.assert_close(found(x), norm(y, state, "norm") + x, rtol=1e-4, atol=1e-5)


def test_transition() -> None:
    found = models.create("quicknet_base", width=0.25).eval().blocks[4]
    kernel = found[2].kernel.clone()
    state = randomise(found, seed=1)
    found[2].kernel.copy_(kernel)  # not among what training changes
    x = pixels(3, 16, 8, 8).clamp_min(0)
    largest = torch.stack([x[..., i : 7 + i, j : 7 + j] for i in (0, 1) for j in (0, 1)]).amax(0)
    blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
    blurred = functional.conv2d(largest.flatten(0, 1).unsqueeze(1), blur[None, None], None, 2, 1).reshape(3, 16, 4, 4)
    y = torch.einsum("nchw,oc->nohw", blurred, state["3.weight"][:, :, 0, 0])
    torch.testing.assert_close(found(pixels(3, 16, 8, 8)), norm(y, state, "4"), rtol=1e-4, atol=1e-5)


def convolutions(**arguments: Any) -> list[BinaryConv2d]:
    model = models.create("quicknet_small", width=0.25, **arguments)
    return [m for m in model.modules() if isinstance(m, BinaryConv2d)]


def test_clip_limit() -> None:
    for conv in convolutions():
        z = torch.tensor([1.25, 1.26])
        assert conv.geometry.padding_value == 1
        assert [b.gradient(z).tolist() for b in (conv.input_binarizer, conv.weight_binarizer)] == [[1, 0]] * 2
    assert {type(c.input_binarizer).__name__ for c in convolutions(binarizer="approx_sign")} == {"ApproxSign"}


def test_a_step(seed: int) -> None:
    torch.manual_seed(seed)
    model = models.create("quicknet_small", width=0.25, norm="abn", activation="prelu", stem="integer")
    check_step(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "group"}, "norm is 'group'; there are batch"),
        ({"activation": "tanh"}, "activation is 'tanh'; there are none, relu"),
        ({"weight_binarizer": "tanh"}, "no 'tanh'; there are approx_sign"),
        ({"clip_limit": 0.0}, "limit is 0.0; give a positive number"),
        ({"padding_value": 2}, "padding_value is 2"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("quicknet_small", **arguments)
