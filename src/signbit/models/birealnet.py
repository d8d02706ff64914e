"""Bi-Real Net: a ResNet whose every binary convolution has a shortcut of its own."""

from typing import final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.models.parts.choices import activation_of, binarizer_with, norm2d
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import shortcut_of
from signbit.models.resnet import CHANNELS

SIZES = {"birealnet18": (4, 4, 4, 4), "birealnet34": (6, 8, 12, 6)}


@final
class BiRealBlock(nn.Module):
    """3x3 binary convolution, norm, plus the shortcut, then the activation where there is one."""

    def __init__(self, conv: nn.Module, norm: nn.Module, shortcut: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.shortcut, self.activation = conv, norm, shortcut, activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        y: Tensor = self.activation(self.norm(self.conv(x)) + self.shortcut(x))
        return y


def birealnet(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "none",
    binarizer: str = "approx_sign",
    weight_binarizer: str = "mean_abs_sign",
    weight_gradient: str = "unscaled",
    padding_value: int = 0,
) -> Network:
    """Build Bi-Real Net-18 or -34: blocks of one binary convolution each, every one with a shortcut.

    Four stages of 64, 128, 256 and 512 channels; the first block of the last three has stride 2, and its shortcut is a
    2x2 mean, a real-valued 1x1 convolution and a norm. There is no activation, in the stem neither.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: after the addition, see `models.parts.choices.activation_of`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        weight_gradient: the rule of `mean_abs_sign`, see there: `unscaled`, as in the authors' torch release, or
            `magnitude_aware`, as in the paper; other methods have their own.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Liu, Wu, Luo, Yang, Liu and Cheng 2018, "Bi-Real Net: Enhancing the Performance of 1-bit CNNs With Improved
        Representational Capability and Advanced Training Algorithm", arXiv:1808.00278.
    """

    def block(inputs: int, outputs: int, stride: int) -> BiRealBlock:
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, padding_value=padding_value, input_binarizer=binarizer,
            weight_binarizer=binarizer_with(weight_binarizer, weight_gradient=weight_gradient),
        )  # fmt: skip
        past = shortcut_of(inputs, outputs, stride, norm)
        return BiRealBlock(conv, norm2d(norm, outputs), past, activation_of(activation, outputs))

    stages = [plan.channels(channels) for channels in CHANNELS]
    stem = plan.resnet_stem(stages[0], norm2d(norm, stages[0]))
    return Network(stem, [block(*shape) for shape in block_shapes(blocks, stages)], plan.head(stages[-1]))
