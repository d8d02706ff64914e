"""BinaryDenseNet: its sizes, and a layer and a transition against the formulas."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, norm, pixels, randomise, sign
from torch import Tensor
from torch.nn import functional

from signbit import models
from signbit.layers import BinaryConv2d
from signbit.metrics import count_costs


@pytest.mark.parametrize(
    ("name", "millions", "megabytes"),
    [
        ("binarydensenet28", 5.15, 4.12),
        ("binarydensenet37", 8.73, 5.25),
        ("binarydensenet37_dilated", 8.73, 5.25),
        ("binarydensenet45", 13.9, 7.54),
    ],
)
def test_published_sizes(name: str, millions: float, megabytes: float) -> None:
    with torch.device("meta"):
        model = models.create(name, num_classes=1000, image_size=224)
        costs = count_costs(model, torch.zeros(1, 3, 224, 224, dtype=torch.uint8))
    # The published figures count running statistics as well.
    statistics = sum(b.numel() for n, b in model.named_buffers() if n.rpartition("_")[2] in ("mean", "var"))
    parameters = sum(p.numel() for p in model.parameters())
    assert float(f"{(parameters + statistics) / 1e6:.3g}") == millions
    assert round((costs.bytes + 4 * statistics) / 2**20, 2) == megabytes


@pytest.mark.parametrize(("name", "size"), [("binarydensenet37", 3), ("binarydensenet37_dilated", 12)])
def test_sizes_of_the_maps(name: str, size: int) -> None:
    model = models.create(name, width=0.125, image_size=96).eval()
    assert model.blocks(model.stem(torch.zeros(1, 3, 96, 96))).shape[-2:] == (size, size)


def layer(x: Tensor, state: State, dilation: int) -> Tensor:
    weight = sign(state["conv.weight"])
    y = functional.conv2d(sign(norm(x, state, "norm")), weight, None, 1, dilation, dilation)
    return torch.cat([x, y], 1)


@pytest.mark.parametrize(("index", "inputs", "dilation"), [(0, 16, 1), (2, 48, 1), (-1, 144, 4)])
def test_layer(index: int, inputs: int, dilation: int) -> None:
    found = models.create("binarydensenet37_dilated", width=0.25).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, inputs, 8, 8)
    assert torch.equal(found(x), layer(x, state, dilation))


@pytest.mark.parametrize(("index", "inputs", "pooled"), [(6, 112, True), (15, 160, False)])
def test_transition(index: int, inputs: int, pooled: bool) -> None:
    found = models.create("binarydensenet37_dilated", width=0.25).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, inputs, 8, 8)
    y = norm(x, state, "0")
    if pooled:
        y = torch.stack([y[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]).amax(0)
    kernel = state["3.weight" if pooled else "2.weight"][:, :, 0, 0]
    expected = torch.einsum("nchw,oc->nohw", y.clamp_min(0), kernel)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-5)


def test_clip_limit() -> None:
    model = models.create("binarydensenet28", width=0.125)
    for conv in (m for m in model.modules() if isinstance(m, BinaryConv2d)):
        z = torch.tensor([1.29, 1.31])
        assert [b.gradient(z).tolist() for b in (conv.input_binarizer, conv.weight_binarizer)] == [[1, 0]] * 2


def test_a_step(seed: int) -> None:
    torch.manual_seed(seed)
    model = models.create("binarydensenet28", width=0.125, norm="abn", activation="prelu", stem="integer")
    check_step(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "group"}, "norm is 'group'; there are batch"),
        ({"weight_binarizer": "tanh"}, "no 'tanh'; there are approx_sign"),
        ({"clip_limit": 0.0}, "limit is 0.0; give a positive number"),
        ({"padding_value": 2}, "padding_value is 2"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("binarydensenet28", **arguments)
