"""ReActNet-A, -B and -C: their counts, and blocks against the formula, with two branches as published."""

from typing import Any

import pytest
import torch
from straight_line import State, channels, mean_abs_conv, mean_pool, norm, pixels, randomise, rprelu, sign
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.layers import AttentionBatchNorm2d, BinaryConv2d, parameter_roles

DOUBLING = 32 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1024


def products(model: nn.Module) -> tuple[int, int]:
    """Multiply-accumulates of codes and of other values for an image of 224 pixels.

    Every map is 7 times as high and as wide as that of an image of 32 pixels.
    """
    counts = [0, 0]

    def count(module: nn.Module, _: Any, output: Tensor) -> None:
        pixels = 49 if output.dim() == 4 else 1
        counts[not isinstance(module, BinaryConv2d)] += pixels * output.numel() * module.weight[0].numel()

    for module in model.modules():
        if isinstance(module, (BinaryConv2d, nn.Conv2d, nn.Linear)):
            module.register_forward_hook(count)
    model.eval()(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    return counts[0], counts[1]


@pytest.mark.parametrize(
    ("name", "binary_weights", "binary", "other"),
    [
        # A real-valued doubling convolution costs 112^2 * 32 * 64 in each of the five blocks, or a quarter of it.
        ("reactnet_a", 28_253_184, 4_816_896_000, 11_862_016),
        ("reactnet_b", 28_253_184 - DOUBLING, 4_688_445_440, 11_862_016 + 128_450_560 // 4),
        ("reactnet_c", 28_253_184 - DOUBLING, 4_688_445_440, 11_862_016 + 128_450_560),
    ],
)
def test_sizes(name: str, binary_weights: int, binary: int, other: int) -> None:
    model = models.create(name, num_classes=1000)
    found = products(model)
    roles = parameter_roles(model)
    assert sum(p.numel() for key, p in model.named_parameters() if roles[key] == "latent_weight") == binary_weights
    assert found == (binary, other)


@pytest.mark.parametrize(("layout", "size"), [(None, 16), ("imagenet", 16), ("cifar", 32)])
def test_stem_has_stride_2_unless_told_otherwise(layout: str | None, size: int) -> None:
    stem = models.create("reactnet_a", width=0.25, layout=layout).stem
    assert stem(torch.zeros(1, 3, 32, 32)).shape == (1, 8, size, size)


def test_width_keeps_the_doubling() -> None:
    model = models.create("reactnet_a", width=0.3)  # 32 * 0.3 is 8, 128 * 0.3 would be 40
    assert [block[1].conv.out_channels // 8 for block in model.blocks] == [2, 4, 4, 8, 8, *[16] * 6, 32, 32]


def branch(codes: Tensor, past: Tensor, state: State, half: slice) -> Tensor:
    y = mean_abs_conv(codes, state["1.conv.weight"][half], padding=0)
    keys = ("running_mean", "running_var", "weight", "bias")
    return norm(y, {f"n.{key}": state[f"1.norm.{key}"][half] for key in keys}, "n") + past


def block(x: Tensor, state: State, stride: int, doubles: bool, groups: int | None) -> Tensor:
    y = mean_abs_conv(sign(x + channels(state["0.sign.bias"])), state["0.conv.weight"], stride)
    u = rprelu(norm(y, state, "0.norm") + (mean_pool(x) if stride == 2 else x), state, "0.activation")
    if groups is not None:
        v = norm(functional.conv2d(u, state["1.conv.weight"], groups=groups), state, "1.norm") + torch.cat([u, u], 1)
    else:
        codes, count = sign(u + channels(state["1.sign.bias"])), u.shape[1]
        halves = (slice(0, count), slice(count, 2 * count)) if doubles else (slice(0, count),)
        v = torch.cat([branch(codes, u, state, half) for half in halves], 1)
    return rprelu(v, state, "1.activation")


@pytest.mark.parametrize(
    ("name", "index", "groups"),
    [("reactnet_a", n, None) for n in range(3)] + [("reactnet_b", 1, 4), ("reactnet_c", 0, 1)],
)
def test_block(name: str, index: int, groups: int | None) -> None:
    found = models.create(name, width=0.25).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, (8, 16, 32)[index], 8, 8)
    expected = block(x, state, 2 if index == 1 else 1, index != 2, groups)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-5)


def test_switches() -> None:
    model = models.create("reactnet_a", width=0.25, norm="abn", activation="prelu", padding_value=-1)
    half = model.blocks[3][1]
    assert (type(model.stem[-1]), type(half.norm)) == (AttentionBatchNorm2d, AttentionBatchNorm2d)
    assert isinstance(half.activation, nn.PReLU)
    assert {m.geometry.padding_value for m in model.modules() if isinstance(m, BinaryConv2d)} == {-1}
    with pytest.raises(ValueError, match="norm is 'layer'; there are batch"):
        models.create("reactnet_a", norm="layer")
