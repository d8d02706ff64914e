"""PresB-Net: its counts, its blocks against the formula, and the columns of the paper's table 5."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import (
    State,
    channels,
    mean_abs_conv,
    mean_pool,
    norm,
    pixels,
    prelu,
    randomise,
    rprelu,
    shuffle,
    sign,
)
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.layers import BiasedPReLU, BinaryConv2d, BinaryWeightConv2d, RPReLU, RSign, parameter_roles
from signbit.models.presbnet import ABLATIONS


def on_meta(name: str, **arguments: Any) -> nn.Module:
    with torch.device("meta"):
        return models.create(name, **arguments)


def parameters(name: str, **arguments: Any) -> int:
    return sum(p.numel() for p in on_meta(name, **arguments).parameters())


@pytest.mark.parametrize(
    ("name", "count"), [("presbnet10", 5_550_180), ("presbnet18", 11_851_620), ("presbnet34", 22_019_172)]
)
def test_parameters(name: str, count: int) -> None:
    assert parameters(name, num_classes=100) == count


@pytest.mark.parametrize("data", [{"num_classes": 100}, {"num_classes": 1000, "image_size": 224}])
@pytest.mark.parametrize(
    ("name", "count"), [("presbnet10", 5_406_720), ("presbnet18", 11_673_600), ("presbnet34", 21_774_336)]
)
def test_binary_weights(name: str, count: int, data: dict[str, int]) -> None:
    layers = [m for m in on_meta(name, **data).modules() if isinstance(m, (BinaryConv2d, BinaryWeightConv2d))]
    assert sum(layer.weight.numel() for layer in layers) == count


def test_what_is_not_binary() -> None:
    found = on_meta("presbnet18", num_classes=100)
    roles = parameter_roles(found)
    counts = dict.fromkeys(roles.values(), 0)
    for name, parameter in found.named_parameters():
        counts[roles[name]] += parameter.numel()
    stem_and_head = counts.pop("real") + counts.pop("head")
    binary = counts.pop("latent_weight")
    assert (binary, stem_and_head, sum(counts.values())) == (11_673_600, 105_956, 72_064)


# ---- a block against the formula: the two groups one after the other, as the paper has them


def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Over channels and pixels of each image, eps 1e-5."""
    mean = x.mean((1, 2, 3), keepdim=True)
    variance = (x - mean).square().mean((1, 2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * channels(gamma) + channels(beta)


def unit(x: Tensor, state: State, name: str, stride: int, scope: str) -> Tensor:
    def value(key: str) -> Tensor:
        return state[f"{name}.branch.{key}"]

    x = shuffle(x)
    codes = sign(x + channels(value("sign.bias")))
    keys = ("conv.weight", "activation.bias", "activation.slope", "layer_norm.weight", "layer_norm.bias")
    halves = []
    for group in range(2):
        weight, bias, slope, gamma, beta = (value(key).chunk(2)[group] for key in keys)
        t = prelu(mean_abs_conv(codes.chunk(2, 1)[group], weight, stride) + channels(bias), slope)
        halves.append(layer_norm(t, gamma, beta) if scope == "group" else t)
    t = torch.cat(halves, 1)
    if scope == "all":
        t = layer_norm(t, value("layer_norm.weight"), value("layer_norm.bias"))
    t = prelu(t + channels(value("second_activation.bias")), value("second_activation.slope"))
    t = norm(t, state, f"{name}.branch.norm")
    pooled = mean_pool(x) if stride == 2 else None
    first, second = x.chunk(2, 1) if pooled is None else (pooled, pooled)
    return rprelu(torch.cat([t + first, second], 1), state, f"{name}.finish")


def block(x: Tensor, state: State, stride: int, scope: str) -> Tensor:
    y = unit(unit(x, state, "first", stride, scope), state, "second", 1, scope)
    if stride == 2:
        weight = state["shortcut.1.weight"]
        scaled = sign(weight) * weight.abs().mean((1, 2, 3), keepdim=True)
        x = norm(functional.conv2d(mean_pool(x), scaled), state, "shortcut.2")
    return norm(y + x, state, "norm")


@pytest.mark.parametrize("scope", ["group", "all"])
@pytest.mark.parametrize(("index", "stride"), [(0, 1), (1, 2)])
def test_block(index: int, stride: int, scope: str) -> None:
    found = models.create("presbnet10", width=0.125, ln_scope=scope).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8)
    torch.testing.assert_close(found(x), block(x, state, stride, scope), rtol=1e-4, atol=1e-5)


# ---- switches


def kinds(**arguments: Any) -> list[type[nn.Module]]:
    """Of the layers of a branch."""
    branch = models.create("presbnet10", width=0.125, **arguments).blocks[1].second.branch
    return [type(layer) for layer in branch]


FULL = [RSign, BinaryConv2d, BiasedPReLU, nn.GroupNorm, BiasedPReLU, nn.BatchNorm2d]


def replaced(changes: dict[int, type[nn.Module]]) -> list[type[nn.Module]]:
    return [changes.get(index, kind) for index, kind in enumerate(FULL)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("full", FULL),
        ("no bias", replaced({2: nn.PReLU, 4: nn.PReLU})),
        ("bias before LN only", replaced({4: nn.PReLU})),
        ("no LN", replaced({3: nn.Identity})),
        ("no BN", replaced({5: nn.Identity})),
        ("RPReLU", replaced({2: RPReLU, 4: RPReLU})),
        ("ReLU", replaced({2: nn.ReLU, 4: nn.ReLU})),
    ],
)
def test_ablations(column: str, expected: list[type[nn.Module]]) -> None:
    assert kinds(**ABLATIONS[column]) == expected


def test_every_ablation_changes_the_branches_only() -> None:
    full = on_meta("presbnet10")
    outside = {name for name in full.state_dict() if ".branch." not in name}
    assert list(ABLATIONS) == ["full", "no bias", "bias before LN only", "no LN", "no BN", "RPReLU", "ReLU"]
    for arguments in ABLATIONS.values():
        names = on_meta("presbnet10", **arguments).state_dict()
        assert {name for name in names if ".branch." not in name} == outside


def test_block_norm() -> None:
    # The norm of a block has 2 C parameters, with C 128, 256, 512 and 1024.
    assert parameters("presbnet10") - parameters("presbnet10", block_norm=False) == 2 * 1920


def test_attention_batch_norm_has_no_gamma() -> None:
    # Stem 128; in each block two branches of C / 2 and the block's own C; the shortcuts of the last three.
    norms = 128 + 2 * 1920 + 256 + 512 + 1024
    assert parameters("presbnet10") - parameters("presbnet10", norm="abn") == norms


def test_shuffle_comes_first_in_every_unit() -> None:
    found = models.create("presbnet18", width=0.125)
    shuffles = [name for name, module in found.named_modules() if type(module).__name__ == "ChannelShuffle"]
    assert len(shuffles) == 2 * 8
    assert shuffles[0] == "blocks.0.first.shuffle"


@pytest.mark.parametrize("width", [0.01, 0.25, 0.3])
@pytest.mark.parametrize("name", ["presbnet10", "presbnet18", "presbnet34"])
def test_narrow(name: str, width: float) -> None:
    found = models.create(name, width=width).eval()
    convolutions = [m for m in found.modules() if isinstance(m, BinaryConv2d)]
    assert all(m.in_channels % 16 == 0 and m.out_channels % 8 == 0 for m in convolutions)
    assert found(torch.zeros(1, 3, 16, 16, dtype=torch.uint8)).shape == (1, 10)


def test_trains(seed: int) -> None:
    torch.manual_seed(seed)
    found = models.create("presbnet10", width=0.125, num_classes=7, image_size=96)
    check_step(found, 7, 96)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ln_scope": "channel"}, "ln_scope is 'channel'; there are group, all, none"),
        ({"activation": "swish"}, "^activation is 'swish'; there are none, relu"),
        ({"second_activation": ""}, "^second_activation is ''; there are none, relu"),
        ({"norm": "layer"}, "norm is 'layer'; there are batch"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("presbnet10", **arguments)
