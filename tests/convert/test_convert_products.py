"""Products: binary, integer and real; the arguments of each, and what is refused of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from converted import FLOATS, PIXELS, Net, kinds, norm, same_as_torch, sign
from torch import Tensor, nn
from torch.nn.utils import prune

from signbit.convert import convert
from signbit.errors import ConvertError
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.integer_stem import IntegerConv2d

BINARY = [
    {"kernel_size": 3},
    {"kernel_size": (1, 3), "padding": (0, 1)},
    {"kernel_size": 3, "stride": (2, 1), "padding": 2},
    {"kernel_size": 2, "dilation": (2, 3), "padding": 1},
    {"kernel_size": 3, "groups": 8, "padding": 1},
    {"kernel_size": 3, "groups": 2, "padding": 1, "padding_value": -1},
    {"kernel_size": 3, "padding": 1, "padding_value": 1},
    {"kernel_size": 1, "weight_binarizer": "mean_abs_sign"},
    {"kernel_size": 3, "padding": "same"},
]


def every_layer(layers: list[nn.Module]) -> nn.Module:
    parts = {str(number): layer for number, layer in enumerate(layers)}
    return Net(lambda n, x: torch.cat([part(x).flatten(1) for part in n.parts.values()], 1), "image", **parts)


def test_binary_convolutions() -> None:
    found = same_as_torch(every_layer([BinaryConv2d(8, 16, **options) for options in BINARY]), exact=False)
    assert kinds(found).count("binary_conv") == len(BINARY)
    assert "float_conv" not in kinds(found)


def test_real_convolutions() -> None:
    options: list[dict[str, Any]] = [
        {"kernel_size": 3, "padding": 1, "bias": False},
        {"kernel_size": (1, 3), "stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)},
        {"kernel_size": 3, "groups": 8, "padding": "same"},
        {"kernel_size": (2, 4), "dilation": (4, 2), "padding": "same"},
        {"kernel_size": 5, "padding": "valid"},
    ]
    found = same_as_torch(every_layer([nn.Conv2d(8, 16, **each) for each in options]), exact=False)
    assert kinds(found).count("float_conv") == len(options)


def test_integer_stems() -> None:
    stems = [IntegerConv2d(3, 8, 3, padding=1), IntegerConv2d(3, 8, 5, stride=2, padding=2), IntegerConv2d(3, 8, 1)]
    found = same_as_torch(every_layer(stems), PIXELS, exact=False)
    assert kinds(found).count("integer_conv") == 3


@pytest.mark.parametrize("channels", [1, 2, 31, 63, 64, 65, 127, 129])
def test_awkward_channels(channels: int) -> None:
    net = nn.Sequential(nn.Conv2d(8, channels, 1), BinaryConv2d(channels, 3, 3), norm(3), BinaryConv2d(3, channels, 2),
                        nn.Flatten(), BinaryLinear(9 * channels, 2))  # fmt: skip
    same_as_torch(net.eval())


def test_linear_layers_after_a_flatten() -> None:
    after = [
        lambda n, x: n.parts["binary"](x.flatten(1)),
        lambda n, x: n.parts["real"](x.flatten(2).flatten(1)),
        lambda n, x: n.parts["row"](x[:, :, 0, 0]),
        lambda n, x: n.parts["row"](x[:, :, 2, 5]),
        lambda n, x: n.parts["channels"](x.flip(1).flatten(1)),
        lambda n, x: n.parts["one"](x.amax((2, 3))),
    ]
    parts = {"binary": BinaryLinear(288, 5), "real": nn.Linear(288, 5), "row": nn.Linear(8, 3),
             "channels": BinaryLinear(288, 4), "one": BinaryLinear(8, 1)}  # fmt: skip
    same_as_torch(Net(lambda n, x: torch.cat([each(n, x) for each in after], 1), "image", **parts), exact=False)


def test_images_longer_than_a_kernel_may_be() -> None:
    wide = torch.randn(2, 1, 2, 300, generator=torch.Generator().manual_seed(0))
    body = nn.Sequential(BinaryConv2d(1, 4, 1), norm(4), nn.Flatten(), BinaryLinear(2400, 3), nn.BatchNorm1d(3))
    found = same_as_torch(body.eval(), wide, exact=False)
    assert "flatten" in kinds(found)


def test_a_module_used_twice_and_shared_weights() -> None:
    conv, shared = BinaryConv2d(8, 8, 3, padding=1), BinaryConv2d(8, 8, 3, padding=1)
    shared.weight = conv.weight
    same_as_torch(nn.Sequential(conv, norm(8), conv, norm(8), shared).eval())


def test_hooks_and_computed_weights() -> None:
    conv = BinaryConv2d(8, 8, 3, padding=1)
    conv.register_forward_hook(lambda module, given, output: output * 2 + 1)
    conv.register_forward_pre_hook(lambda module, given: (given[0] - 0.5,))
    real = nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 8, 1))
    pruned, old = BinaryConv2d(8, 8, 3), nn.utils.spectral_norm(nn.Conv2d(8, 8, 1))
    prune.l1_unstructured(pruned, "weight", 0.5)
    pruned(FLOATS)  # its weight is computed from others now, and is no leaf
    same_as_torch(nn.Sequential(conv, norm(8), real, old, pruned, norm(8)).eval(), exact=False)


def test_two_channels_with_a_constant_each() -> None:
    """As many as the network has rows and columns."""

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.product = BinaryConv2d(8, 2, 5)
            self.constant = nn.Parameter(torch.tensor([-1.5, 2.5]).reshape(2, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.product(x)
            return y * self.constant if y.shape[1:] == (2, 2, 2) else -y

    same_as_torch(Two().eval())
    same_as_torch(nn.Sequential(Two(), nn.Conv2d(2, 2, 1), norm(2)).eval(), exact=False)


def test_weights_that_binarize() -> None:
    class Own(nn.Module):
        """A product written with the operator, of a weight that is computed."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 8, 3, 3))

        def forward(self, x: Tensor) -> Tensor:
            weight = sign(self.weight - self.weight.mean((1, 2, 3), keepdim=True))
            result: Tensor = torch.ops.signbit.binary_conv2d(sign(x), weight, [1, 1], [1, 1], [1, 1], 1, 0)
            return result

    found = same_as_torch(Own().eval())
    assert found.layers[-1].weights == 4 * 8 * 9


class Call(nn.Module):
    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body, self.weight = body, nn.Parameter(torch.randn(4, 8, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.body(self, x)
        return result


@pytest.mark.parametrize(
    ("code", "fits"), [(-127.0, True), (127.0, True), (-128.0, False), (128.0, False), (0.5, False)]
)
def test_codes_of_an_integer_stem(code: float, fits: bool) -> None:
    class Stem(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("codes", torch.tensor([1.0, code]).reshape(2, 1, 1, 1).repeat(1, 3, 1, 1))

        def forward(self, pixels: Tensor) -> Tensor:
            sums: Tensor = torch.ops.signbit.integer_conv2d(pixels, self.codes, [1, 1], [0, 0], [1, 1])
            return sign(sums)

    if fits:
        same_as_torch(Stem().eval(), PIXELS)
        return
    with pytest.raises(ConvertError, match="its weights are not whole numbers from -127 to 127"):
        convert(Stem().eval(), PIXELS)


@pytest.mark.parametrize(
    ("net", "images", "words"),
    [
        (nn.Sequential(BinaryConv2d(8, 8, 1, input_binarizer=None)), FLOATS, r"module '0'.*come from a sign; give the"),
        (nn.Sequential(nn.Hardtanh(), BinaryConv2d(8, 8, 1, input_binarizer=None)), FLOATS, "module '1'.*from a sign"),
        (nn.Sequential(BinaryWeightConv2d(8, 8, 1)), FLOATS,
         r"module '0'.*one-bit weights on real values; use torch.nn.Conv2d"),
        (nn.Sequential(IntegerConv2d(8, 8, 3)), FLOATS, "IntegerConv2d takes uint8"),
        (nn.Sequential(nn.Conv2d(8, 8, 4, padding="same")), FLOATS, "use a kernel of odd size"),
        (nn.Sequential(nn.Conv2d(8, 8, 1, padding=1)), FLOATS, "the padding must be smaller than that"),
        (nn.Sequential(BinaryConv2d(8, 8, 1, padding=1)), FLOATS, "the padding must be smaller than that"),
        (nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect")), FLOATS, "as 8 x 8 pixels"),
        (nn.Sequential(nn.ConvTranspose2d(8, 8, 2)), FLOATS, r"no op for aten::conv_transpose2d.*put upsampling"),
        (nn.Sequential(nn.Flatten(2), nn.Conv1d(8, 8, 3)), FLOATS, r"no op for aten::conv1d.*use nn.Conv2d"),
        (nn.Sequential(nn.Linear(6, 5)), FLOATS, r"module '0'.*a linear layer on a tensor of 4 axes; flatten it"),
        (nn.Sequential(nn.Flatten(2), BinaryLinear(36, 5)), FLOATS, r"linear layer on a tensor of 3 axes; flatten it"),
        (Call(lambda n, x: torch.nn.functional.conv2d(x, n.weight * x.amax())), FLOATS, "moves or merges the batch"),
        (Call(lambda n, x: torch.nn.functional.conv2d(n.weight, n.weight) + x[:, :1, :4, :4]), FLOATS, "varies|batch"),
        (Call(lambda n, x: torch.ops.signbit.binary_conv2d(sign(x), n.weight, [1, 1], [0, 0], [1, 1], 1, 0)), FLOATS,
         r"its weights are not all \+1 or -1; set its weight binarizer to mode 'binary'|fails on"),
        (Call(lambda n, x: x.flatten(2) @ x.flatten(2).transpose(1, 2)), FLOATS, "no op for aten::matmul"),
    ],
)  # fmt: skip
def test_refused(net: nn.Module, images: Tensor, words: str) -> None:
    with pytest.raises(ConvertError, match=words):
        convert(net.eval(), images)


@pytest.mark.parametrize("which", ["weight_binarizer", "input_binarizer"])
def test_binarizers_in_another_mode_are_refused(which: str) -> None:
    net = nn.Sequential(nn.Conv2d(8, 8, 1), BinaryConv2d(8, 8, 3)).eval()
    getattr(net[1], which).mode = "real"
    with pytest.raises(ConvertError, match=r"module '1.*mode 'binary'"):
        convert(net, FLOATS)


def test_the_report_names_every_layer() -> None:
    net = nn.Sequential(
        IntegerConv2d(3, 8, 3, padding=1), norm(8), BinaryConv2d(8, 8, 3), nn.Flatten(), nn.Linear(128, 5)
    )
    found = same_as_torch(net.eval(), PIXELS, exact=False)
    assert [(layer.path, layer.op, layer.weight_bits) for layer in found.layers if layer.weights] == [
        ("0", "integer_conv", 8), ("2", "binary_conv", 1), ("4", "float_conv", 32)
    ]  # fmt: skip
    assert np.sum([layer.weights for layer in found.layers]) == 8 * 27 + 8 * 72 + 640
