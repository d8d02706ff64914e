"""WRN-22: its counts, its blocks against the formula, the switches."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, mean_abs_conv, norm, pixels, randomise, sign
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.layers import BinaryConv2d, BinaryWeightConv2d


def count(widen: int) -> int:
    stem, stages = 3 * 16 * 9, [16 * widen, 32 * widen, 64 * widen]
    convs = sum(9 * (inputs * c + 5 * c * c) + inputs * c for inputs, c in zip([16, *stages], stages, strict=False))
    norms = 2 * sum(inputs + 5 * c for inputs, c in zip([16, *stages], stages, strict=False)) + 2 * stages[-1]
    return stem + convs + norms + stages[-1] * 10 + 10


@pytest.mark.parametrize("widen", [4, 8])
def test_sizes(widen: int) -> None:
    with torch.device("meta"):
        binary, real = (models.create("wrn22", widen=widen, binary=b) for b in (True, False))
    assert sum(p.numel() for p in real.parameters()) == count(widen)
    assert sum(p.numel() for p in binary.parameters()) == count(widen)
    assert sum(isinstance(m, nn.Conv2d) for m in real.modules()) == 22
    assert sum(isinstance(m, BinaryConv2d) for m in binary.modules()) == 18


def conv_block(x: Tensor, state: State, stride: int) -> Tensor:
    activated = functional.hardtanh(norm(x, state, "before.0"))
    past = x if stride == 1 else functional.conv2d(activated, state["projection.weight"], None, 2)
    return mean_abs_conv(sign(activated), state["body.0.weight"], stride) + past


def real_block(x: Tensor, state: State, stride: int) -> Tensor:
    activated = functional.relu(norm(x, state, "before.0"))
    past = x if stride == 1 else functional.conv2d(activated, state["projection.weight"], None, 2)
    y = functional.conv2d(activated, state["body.0.weight"], None, stride, 1)
    return functional.conv2d(functional.relu(norm(y, state, "body.1")), state["body.3.weight"], None, 1, 1) + past


@pytest.mark.parametrize(("binary", "index", "stride"), [(True, 1, 1), (True, 6, 2), (False, 1, 1), (False, 3, 2)])
def test_block(binary: bool, index: int, stride: int) -> None:
    found = models.create("wrn22", widen=1, binary=binary).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8)
    expected = (conv_block if binary else real_block)(x, state, stride)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"shortcut": "binary", "norm": "abn"}, {"shortcut_around": "block", "stem": "integer"}, {"binary": False}],
)
def test_trains_for_a_step(arguments: dict[str, Any]) -> None:
    model = models.create("wrn22", width=0.25, **arguments)
    check_step(model, size=16)
    assert not any(isinstance(m, BinaryWeightConv2d) for m in model.modules())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widen": 0}, "widen is 0; give an integer of at least 1"),
        ({"shortcut": "pad"}, "shortcut is 'pad'; there are real, binary"),
        ({"shortcut_around": "net"}, "shortcut_around is 'net'; there are conv, block"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("wrn22", **arguments)
