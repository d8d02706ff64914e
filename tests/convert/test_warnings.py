"""What converts but is odd: each warning names the module and says what to do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from converted import FLOATS, PIXELS, Net, norm, sign
from torch import Tensor, nn
from torch.nn import functional as F

from signbit.convert import convert
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.integer_stem import IntegerConv2d

SLOW = pytest.mark.slow  # more members of a kind
DEAD = "module 'parts.after.input_binarizer': every channel of its sign is the same for every image"

ALWAYS_ONE_SIGN: dict[str, Any] = {
    "relu": lambda n, y: F.relu(y),
    "relu through a max pool": lambda n, y: F.max_pool2d(F.relu(y), 2),
    "relu and a positive bias": lambda n, y: F.relu(y) + 0.5,
    "relu times a scale": lambda n, y: 0.3 * F.relu(y),
    "relu6": lambda n, y: F.relu6(y),
    "sigmoid": lambda n, y: torch.sigmoid(y),
    "sigmoid and a negative bias": lambda n, y: torch.sigmoid(y) - 2,
    "hardsigmoid": lambda n, y: F.hardsigmoid(y),
    "clamp": lambda n, y: y.clamp(min=0.1),
    "abs": lambda n, y: y.abs(),
    "square": lambda n, y: y * y,
    "sum of two": lambda n, y: F.relu(y) + F.relu(-y),
    "product of two": lambda n, y: F.relu(y) * torch.sigmoid(y),
    "the larger of two": lambda n, y: torch.maximum(y, F.relu(y)),
    "channels moved": lambda n, y: F.relu(y).flip(1),
    "channels joined": lambda n, y: torch.cat([F.relu(y)[:, :4], torch.sigmoid(y)[:, 4:]], 1),
    "padded with zeros": lambda n, y: F.pad(F.relu(y), (0, 0, 0, 0, 4, -4)),
    "leaky relu of slope 0": lambda n, y: F.leaky_relu(y, 0.0),
    "the negative": lambda n, y: -F.relu(y) - 0.25,
}
FEW = {"relu", "relu through a max pool", "relu and a positive bias", "abs", "product of two", "channels joined"}
BOTH_SIGNS: dict[str, Any] = {
    "relu and a negative bias": lambda n, y: F.relu(y) - 0.5,
    "relu and biases": lambda n, y: F.relu(y) + n.rows,
    "relu and a batch norm": lambda n, y: n.second_norm(F.relu(y)),
    "hardtanh": lambda n, y: F.hardtanh(y),
    "prelu": lambda n, y: F.prelu(y, torch.tensor([0.25])),
    "silu": lambda n, y: F.silu(y),
    "one channel of eight": lambda n, y: torch.cat([F.relu(y)[:, :7], y[:, 7:]], 1),
    "a difference": lambda n, y: F.relu(y) - torch.sigmoid(y),
}


def dead(body: Any, given: str) -> list[str]:
    net = Net(lambda n, y: n.parts["after"](body(n, y)).flatten(1), given, after=BinaryConv2d(8, 4, 1))
    return [warning for warning in convert(net, FLOATS).warnings if "every channel" in warning]


@pytest.mark.parametrize("given", [pytest.param("integers", marks=SLOW), "real"])
@pytest.mark.parametrize("name", [name if name in FEW else pytest.param(name, marks=SLOW) for name in ALWAYS_ONE_SIGN])
def test_a_sign_that_no_image_changes(name: str, given: str) -> None:
    found = dead(ALWAYS_ONE_SIGN[name], given)
    assert len(found) == 1
    assert found[0].startswith(DEAD)
    assert found[0].endswith("Remove the ReLU, or use Hardtanh or PReLU")


@pytest.mark.parametrize("given", [pytest.param("integers", marks=SLOW), "real"])
@pytest.mark.parametrize("name", BOTH_SIGNS)
def test_a_sign_that_some_image_changes(name: str, given: str) -> None:
    assert dead(BOTH_SIGNS[name], given) == []


def test_bytes_are_never_negative() -> None:
    net = Net(lambda n, x: n.parts["after"](x.float()), "image", after=BinaryConv2d(3, 4, 1))
    assert [w for w in convert(net, PIXELS).warnings if "every channel" in w]
    net = Net(lambda n, x: n.parts["after"](x - 127.5), "image", after=BinaryConv2d(3, 4, 1))
    assert convert(net, PIXELS).warnings == []


def test_an_output_that_no_image_changes() -> None:
    net = nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU(), BinaryConv2d(8, 4, 3), norm(4)).eval()
    found = convert(net, FLOATS).warnings
    assert [warning.partition(":")[0] for warning in found] == [
        "module '2.input_binarizer'", "module '2.input_binarizer' (sign)"
    ]  # fmt: skip
    assert "no information about the image reaches it. Check the layers before it" in found[1]


def test_an_output_that_is_not_a_number() -> None:
    net = Net(lambda n, y: y / (y.abs() - y.abs()), "image")
    found = convert(net, FLOATS).warnings
    assert any("its output was NaN for some of the images tested" in warning for warning in found)


def test_no_binary_layer() -> None:
    assert convert(nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU()).eval(), FLOATS).warnings == [
        "the outermost module: no layer of the network is binary; every product uses real values. Build it with "
        "BinaryConv2d and BinaryLinear, or set its binarizers to mode 'binary'"
    ]
    stem = nn.Sequential(IntegerConv2d(3, 4, 1), norm(4)).eval()
    assert any("no layer of the network is binary" in warning for warning in convert(stem, PIXELS).warnings)


def test_a_warning_is_given_once() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = BinaryConv2d(8, 8, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(F.relu(self.conv(F.relu(x)) + x))  # type: ignore[no-any-return]

    found = convert(Twice().eval(), FLOATS).warnings
    assert len([w for w in found if w.startswith("module 'conv.input_binarizer':")]) == 1


def test_a_good_network_has_none() -> None:
    net = nn.Sequential(
        nn.Conv2d(8, 8, 1), norm(8), BinaryConv2d(8, 8, 3), norm(8), nn.Hardtanh(), BinaryConv2d(8, 4, 1)
    )
    assert convert(net.eval(), FLOATS).warnings == []
    assert torch.equal(sign(torch.tensor([0.0, -0.0])), torch.ones(2))
