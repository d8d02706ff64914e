"""BNext and BNext-18: their counts, and each kind of unit against the formulas."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, channels, mean_pool, norm, pixels, prelu, randomise, sign, sign_conv
from torch import Tensor, nn

from signbit import models
from signbit.layers import BinaryConv2d, SqueezeGate
from signbit.metrics import count_costs
from signbit.models.bnext import Doubling, ElementwiseAttention, FeedForward
from signbit.train.schedule import set_modes, set_progress


def part(state: State, name: str) -> State:
    """What belongs to the submodule of that name."""
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}


def recoupled(x: Tensor, around: Tensor, state: State, stride: int) -> Tensor:
    size = state["conv.weight"].shape[-1]
    y = sign_conv(sign(x + channels(state["sign.bias"])), state["conv.weight"], stride, size // 2)
    y = prelu(norm(y, state, "norm"), state["activation.weight"])
    share = channels(state["mix.share"].clamp(0, 1))
    means = (share * around + (1 - share) * y).mean((2, 3))
    hidden = (means @ state["gate.squeeze.weight"].T + state["gate.squeeze.bias"]).clamp_min(0)
    gate = 1 / (1 + torch.exp(-(hidden @ state["gate.expand.weight"].T + state["gate.expand.bias"])))
    return gate[:, :, None, None] * y


def shortcut(x: Tensor, state: State, stride: int) -> Tensor:
    if stride == 2:
        x = mean_pool(x)
    if "shortcut.1.weight" in state:
        x = norm(torch.einsum("nchw,oc->nohw", x, state["shortcut.1.weight"][:, :, 0, 0]), state, "shortcut.2")
    return x


def feed_forward(x: Tensor, state: State, stride: int = 1) -> Tensor:
    past = shortcut(x, state, stride)
    return norm(recoupled(x, past, part(state, "conv"), stride), state, "norm") + past


def attention(x: Tensor, state: State, stride: int, mixes_activated: bool) -> Tensor:
    past = shortcut(prelu(x, state["activation.weight"]), state, stride)
    around = past if mixes_activated else shortcut(x, state, stride)
    return norm(recoupled(x, around, part(state, "conv"), stride) * past, state, "norm") + past


def compare(found: nn.Module, expected: Tensor, x: Tensor) -> None:
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("index", "inputs"), [(0, 16), (2, 64)])
def test_feed_forward(index: int, inputs: int) -> None:
    unit = models.create("bnext_t", width=0.5).eval().blocks[index][0]
    assert isinstance(unit, FeedForward)
    state, x = randomise(unit, seed=index), pixels(3, inputs, 8, 8)
    compare(unit, feed_forward(x, state), x)


@pytest.mark.parametrize(("index", "inputs", "stride"), [(1, 32, 2), (7, 256, 1)])
def test_attention(index: int, inputs: int, stride: int) -> None:
    unit = models.create("bnext_t", width=0.5).eval().blocks[index][0]
    assert isinstance(unit, ElementwiseAttention)
    state, x = randomise(unit, seed=index), pixels(3, inputs, 4, 4)
    compare(unit, attention(x, state, stride, mixes_activated=False), x)


def test_pointwise_unit() -> None:
    unit = models.create("bnext_t", width=0.5).eval().blocks[2][1]
    state, x = randomise(unit, seed=3), pixels(3, 64, 8, 8)
    assert state["conv.conv.weight"].shape == (64, 64, 1, 1)
    compare(unit, feed_forward(x, state), x)


def test_two_pointwise_units_double_the_channels() -> None:
    unit = models.create("bnext_t", width=0.5).eval().blocks[0][1]
    assert isinstance(unit, Doubling)
    state, x = randomise(unit, seed=4), pixels(3, 16, 8, 8)
    halves = [feed_forward(x, part(state, name)) for name in ("first", "second")]
    compare(unit, torch.cat(halves, 1), x)


@pytest.mark.parametrize(("index", "stride"), [(0, 1), (2, 2)])
def test_block_of_bnext18(index: int, stride: int) -> None:
    found = models.create("bnext18", width=0.25).eval().blocks[index]
    state, x = randomise(found, seed=index), pixels(3, 16, 8, 8)
    # Unit by unit: the second sign would turn a last bit of the first unit into another code.
    middle = attention(x, part(state, "0"), stride, mixes_activated=True)
    compare(found[0], middle, x)
    compare(found[1], feed_forward(middle, part(state, "1")), middle)


def meta(name: str) -> nn.Module:
    with torch.device("meta"):
        return models.create(name, num_classes=1000, image_size=224)


@pytest.mark.parametrize(
    ("name", "stem", "repeats"),
    [
        ("bnext_t", 32, (1, 2, 2, 6, 2)),
        ("bnext_s", 48, (1, 2, 2, 6, 2)),
        ("bnext_m", 48, (1, 4, 4, 8, 4)),
        ("bnext_l", 64, (1, 4, 4, 16, 4)),
    ],
)
def test_layout(name: str, stem: int, repeats: tuple[int, ...]) -> None:
    model = meta(name)
    widths = [stem * 2 ** (stage + 1) for stage, count in enumerate(repeats) for _ in range(count)]
    binary = real = norms = 0
    for index, (inputs, outputs) in enumerate(pairwise([stem, *widths])):
        units = 1 + outputs // inputs
        binary += inputs * inputs * (9 + units - 1)
        # RSign, two norms, PReLU and the share; the gate; the PReLU of an attention unit.
        norms += units * 7 * inputs + inputs * (index % 2)
        real += units * (2 * inputs * (inputs // 8) + inputs // 8 + inputs)
    assert sum(m.weight.numel() for m in model.modules() if isinstance(m, BinaryConv2d)) == binary
    ends = 27 * stem + 2 * stem + widths[-1] + (widths[-1] + 1) * 1000  # stem, last PReLU, head
    assert sum(p.numel() for p in model.parameters()) == binary + real + norms + ends
    strides = [block[0].conv.conv.geometry.stride[0] for block in model.blocks]
    assert [i for i, stride in enumerate(strides) if stride == 2] == [sum(repeats[:stage]) for stage in range(1, 5)]
    assert [isinstance(block[0], ElementwiseAttention) for block in model.blocks] == [
        i % 2 == 1 for i in range(len(widths))
    ]


def test_operations_of_bnext_t() -> None:
    with torch.device("meta"):
        model = models.create("bnext_t", num_classes=1000, image_size=224)
        found = count_costs(model, torch.zeros(1, 3, 224, 224, dtype=torch.uint8))
    gates = sum(
        p.numel() for m in model.modules() if isinstance(m, SqueezeGate) for p in m.parameters() if p.dim() == 2
    )
    assert found.bops == 4_816_896_000  # the binary layers are those of ReActNet-A
    assert round((found.ops - gates) / 1e6, 2) == 87.13
    assert int(found.ops / 1e6) == 88  # published: 0.088 G


def test_counts_of_bnext18() -> None:
    model = meta("bnext18")
    convolutions = [m for m in model.modules() if isinstance(m, BinaryConv2d)]
    assert (len(convolutions), sum(m.weight.numel() for m in convolutions)) == (16, 10_985_472)


@pytest.mark.parametrize("name", ["bnext_t", "bnext18"])
def test_a_step_in_the_soft_stage(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    model = models.create(name, width=0.25)
    set_modes(model, "binary", "soft")
    set_progress(model, 0.1, 5)
    check_step(model)
    set_progress(model, 0.5, 153)
    convolutions = [m for m in model.modules() if isinstance(m, BinaryConv2d)]
    at_the_end = [m.weight_codes()[0] for m in convolutions]
    set_modes(model, "binary", "binary")
    assert all(torch.equal(m.weight_codes()[0], w) for m, w in zip(convolutions, at_the_end, strict=True))


def test_temperature_decay() -> None:
    model = models.create("bnext18", width=0.25, temperature_decay=0.5)
    assert {m.weight_binarizer.decay for m in model.modules() if isinstance(m, BinaryConv2d)} == {0.5}


def test_defaults(seed: int) -> None:
    torch.manual_seed(seed)
    for conv in (m for m in models.create("bnext18", width=0.25).modules() if isinstance(m, BinaryConv2d)):
        assert type(conv.weight_binarizer).__name__ == "TemperatureSign"
        assert conv.weight.min() < 0 < conv.weight.max() < 0.01
    rsign = models.create("bnext_t", width=0.25).blocks[0][0].conv.sign
    assert rsign.binarizer.gradient(torch.tensor([1.5, 1.51])).tolist() == [1, 0]


@pytest.mark.parametrize("name", ["bnext_t", "bnext18"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "group"}, "norm is 'group'; there are batch"),
        ({"activation": "tanh"}, "activation is 'tanh'; there are none"),
        ({"weight_binarizer": "tanh"}, "no 'tanh'; there are approx_sign"),
        ({"temperature_decay": 1.0}, "decay is 1.0; give a number between 0 and 1"),
        ({"clip_limit": 0.0}, "limit is 0.0; give a positive number"),
        ({"padding_value": 2}, "padding_value is 2"),
    ],
)
def test_wrong_arguments(name: str, arguments: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create(name, **arguments)
