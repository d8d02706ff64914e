"""ReActNet on the layers of MobileNet V1: dense binary convolutions, 3x3 and 1x1, each with a shortcut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.rsign import RSign
from signbit.models.parts.choices import activation_of, norm2d
from signbit.models.parts.duplicate import Duplicate
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import mean_pool
from signbit.models.reactnet import ReActBlock

STEM_CHANNELS = 32
STEPS = ((2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), *[(16, 1)] * 5, (32, 2), (32, 1))
"""Of each block: its outputs, as a multiple of the stem's channels, and its stride."""

SIZES: dict[str, int | None] = {"reactnet_a": None, "reactnet_b": 4, "reactnet_c": 1}
"""Groups of the real-valued 1x1 convolutions where channels double; None where these are binary."""


@dataclass(frozen=True)
class _Layers:
    """The two halves of each block."""

    norm: str
    activation: str
    binarizer: str
    weight_binarizer: str
    padding_value: int
    real_groups: int | None

    def binary(self, inputs: int, outputs: int, size: int, stride: int, shortcut: nn.Module) -> ReActBlock:
        conv = BinaryConv2d(
            inputs, outputs, size, stride, size // 2, padding_value=self.padding_value, input_binarizer=None,
            weight_binarizer=self.weight_binarizer,
        )  # fmt: skip
        return self.half(RSign(inputs, self.binarizer), conv, outputs, shortcut)

    def half(self, sign: nn.Module, conv: nn.Module, outputs: int, shortcut: nn.Module) -> ReActBlock:
        return ReActBlock(sign, conv, norm2d(self.norm, outputs), shortcut, activation_of(self.activation, outputs))

    def block(self, inputs: int, outputs: int, stride: int) -> nn.Sequential:
        first = self.binary(inputs, inputs, 3, stride, mean_pool(stride))
        if outputs == inputs:
            return nn.Sequential(first, self.binary(inputs, outputs, 1, 1, nn.Identity()))
        if self.real_groups is None:
            return nn.Sequential(first, self.binary(inputs, outputs, 1, 1, Duplicate()))
        conv = nn.Conv2d(inputs, outputs, 1, groups=self.real_groups, bias=False)
        return nn.Sequential(first, self.half(nn.Identity(), conv, outputs, Duplicate()))


def shapes_of(steps: Iterable[tuple[int, int]], first: int) -> Iterator[tuple[int, int, int]]:
    """Channels in, channels out and stride of each block of such steps, behind a stem of `first` channels."""
    inputs = first
    for multiple, stride in steps:
        yield inputs, multiple * first, stride
        inputs = multiple * first


def stem_stride(plan: Plan) -> int:
    """Of the first convolution: 2, as published for every size of image, unless the layout is that of CIFAR."""
    return 1 if plan.layout == "cifar" else 2


def reactnet_mobile(
    real_groups: int | None,
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "rprelu",
    binarizer: str = "approx_sign",
    weight_binarizer: str = "mean_abs_sign",
    padding_value: int = 0,
) -> Network:
    """Build ReActNet-A, -B or -C: 13 blocks of two halves, a 3x3 and a 1x1 binary convolution.

    Each half is RSign, convolution, norm, plus the shortcut, then RPReLU. The blocks have 64, 128, 128, 256, 256, six
    times 512 and twice 1024 outputs; the first of each width but 64 has stride 2, and the shortcut of its 3x3 half is a
    2x2 mean. Where channels double, the shortcut of the 1x1 half is its input twice: the published two branches of C
    filters each are one convolution of 2C filters here, which is the same for each channel.

    In B and C the doubling 1x1 convolutions are real-valued, in weights and input, in 4 groups and in one; there is no
    sign before them. The stem is a 3x3 convolution of stride 2 and a norm, for small images too, as published; with
    `layout="cifar"` it has stride 1. The image's size is divided by 32 (16).

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: after each addition, see `models.parts.choices.activation_of`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Liu, Shen, Savvides and Cheng 2020, "ReActNet: Towards Precise Binary Neural Network with Generalized
        Activation Functions", arXiv:2003.03488.
    """
    layers = _Layers(norm, activation, binarizer, weight_binarizer, padding_value, real_groups)
    first = plan.channels(STEM_CHANNELS)
    stem = nn.Sequential(*plan.convolution(first, 3, stem_stride(plan)), norm2d(norm, first))
    shapes = list(shapes_of(STEPS, first))
    return Network(stem, [layers.block(*shape) for shape in shapes], plan.head(shapes[-1][1]))
