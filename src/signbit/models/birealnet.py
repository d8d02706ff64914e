"""Bi-Real Net: a ResNet whose every binary convolution has a shortcut of its own."""

from typing import final

from torch import Tensor, nn

from signbit import binarizers
from signbit.layers.binary_conv import BinaryConv2d
from signbit.models.parts.choices import activation as activation_of
from signbit.models.parts.choices import norm2d
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan

SIZES = {"birealnet18": (4, 4, 4, 4), "birealnet34": (6, 8, 12, 6)}
CHANNELS = (64, 128, 256, 512)


@final
class BiRealBlock(nn.Module):
    """Sign, 3x3 binary convolution, norm, plus the shortcut, then the activation where there is one."""

    def __init__(self, conv: nn.Module, norm: nn.Module, shortcut: nn.Module, act: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.shortcut, self.activation = conv, norm, shortcut, act

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        y: Tensor = self.activation(self.norm(self.conv(x)) + self.shortcut(x))
        return y


def steps(blocks: tuple[int, ...], stages: list[int]) -> list[tuple[int, int, int]]:
    """Inputs, outputs and stride of each block; a stride of 2 and other channels begin every stage but the first."""
    found, inputs = [], stages[0]
    for index, (count, outputs) in enumerate(zip(blocks, stages, strict=True)):
        for position in range(count):
            found.append((inputs, outputs, 2 if index and not position else 1))
            inputs = outputs
    return found


def projection(inputs: int, outputs: int, stride: int, norm: str) -> nn.Sequential:
    """A shortcut that changes the channels: a mean over the stride, a real-valued 1x1 convolution and a norm."""
    pool = [nn.AvgPool2d(stride)] if stride > 1 else []
    return nn.Sequential(*pool, nn.Conv2d(inputs, outputs, 1, bias=False), norm2d(norm, outputs))


def weight_method(name: str, weight_gradient: str | None) -> str | binarizers.Binarizer:
    """A weight binarizer, with its rule of the gradient where one is given.

    Raises:
        ValueError: there is no such method, it has no rules to choose from, or not this one.
    """
    if weight_gradient is None:
        return name
    if not hasattr(binarizers.create(name), "rules"):
        raise ValueError(f"weight_gradient is {weight_gradient!r}, but {name} has one rule only; leave it out")
    return binarizers.create(name, weight_gradient=weight_gradient)


def birealnet(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "none",
    binarizer: str = "approx_sign",
    weight_binarizer: str = "mean_abs_sign",
    weight_gradient: str | None = None,
    padding_value: int = 0,
) -> Network:
    """Build Bi-Real Net-18 or -34: blocks of one binary convolution each, every one with a shortcut.

    Four stages of 64, 128, 256 and 512 channels; the first block of the last three has stride 2, and its shortcut is a
    2x2 mean, a real-valued 1x1 convolution and a norm. There is no activation, in the stem neither.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: after the addition, see `models.parts.choices.activation`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        weight_gradient: its rule, where it has several: of `mean_abs_sign`, `unscaled` (as in the authors' torch
            release, the default) or `magnitude_aware` (as in the paper).
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
            weight_binarizer=weight_method(weight_binarizer, weight_gradient),
        )  # fmt: skip
        past = nn.Identity() if stride == 1 else projection(inputs, outputs, stride, norm)
        return BiRealBlock(conv, norm2d(norm, outputs), past, activation_of(activation, outputs))

    stages = [plan.channels(channels) for channels in CHANNELS]
    stem = nn.Sequential(*plan.first_convolution(stages[0]), norm2d(norm, stages[0]), *plan.first_pool())
    return Network(stem, [block(*step) for step in steps(blocks, stages)], plan.head(stages[-1]))
