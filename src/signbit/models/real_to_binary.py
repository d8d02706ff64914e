"""Real-to-Binary Net: the output of each binary convolution is scaled by a gate that reads its real-valued input."""

from typing import final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.map_scale import MapScale
from signbit.layers.squeeze_gate import SqueezeGate
from signbit.models.parts.choices import activation_of, norm2d, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import shortcut_of
from signbit.models.resnet import CHANNELS

SIZES = {"real_to_binary18": (4, 4, 4, 4)}
SCALES = ("gate", "static", "none")
HALVES = 2  # to a block, which is what a teacher's residual block is matched with


@final
class RealToBinaryHalf(nn.Module):
    """Norm, sign, 3x3 binary convolution, scale, activation, plus the shortcut.

    Args:
        gate: reads what the sign reads; its output is multiplied on that of the convolution. None where there is none.
        scale: what else is done to the output of the convolution.
    """

    def __init__(
        self, norm: nn.Module, conv: nn.Module, gate: nn.Module | None, scale: nn.Module, activation: nn.Module,
        shortcut: nn.Module,
    ) -> None:  # fmt: skip
        super().__init__()
        self.norm, self.conv, self.gate, self.scale = norm, conv, gate, scale
        self.activation, self.shortcut = activation, shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        real = self.norm(x)
        product = self.scale(self.conv(real))
        if self.gate is not None:
            product = product * self.gate(real)
        y: Tensor = self.activation(product) + self.shortcut(x)
        return y


def real_to_binary(
    halves: tuple[int, ...],
    plan: Plan,
    /,
    *,
    scale: str = "gate",
    reduction: int = 8,
    norm: str = "batch",
    activation: str = "prelu",
    stem_activation: str | None = None,
    binarizer: str = "clipped_ste_sign",
    weight_binarizer: str = "clipped_ste_sign",
    padding_value: int = 0,
) -> Network:
    """Build Real-to-Binary Net-18, or the strong baseline of its paper.

    Eight blocks of two halves, in four stages of 64, 128, 256 and 512 channels. A half is norm, sign, 3x3 binary
    convolution, scale, PReLU, plus the shortcut. The first half of the last three stages has stride 2, and its shortcut
    is a 2x2 mean, a real-valued 1x1 convolution and a norm. The outputs of the blocks are what attention is matched at.

    Args:
        scale: of the convolutions' output: `gate` (SqueezeGate of what the sign reads), `static` (a learned factor of
            each channel, row and column: the strong baseline) or `none`.
        reduction: of the gate: its hidden features are the channels divided by it.
        norm: see `models.parts.choices.norm2d`.
        activation: before the addition, see `models.parts.choices.activation_of`.
        stem_activation: likewise; by default `relu` with gates and `prelu` without, as published.
        binarizer: method of the activations.
        weight_binarizer: method of the weights; the default has no scale of its own.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Martinez, Yang, Bulat and Tzimiropoulos 2020, "Training Binary Neural Networks with Real-to-Binary
        Convolutions", ICLR, arXiv:2003.11535; details of the re-implementation in larq/zoo.
    """
    one_of("scale", scale, SCALES)

    def half(inputs: int, outputs: int, stride: int, size: int) -> RealToBinaryHalf:
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, padding_value=padding_value, input_binarizer=binarizer,
            weight_binarizer=weight_binarizer,
        )  # fmt: skip
        return RealToBinaryHalf(
            norm2d(norm, inputs),
            conv,
            SqueezeGate(inputs, outputs, reduction) if scale == "gate" else None,
            MapScale(outputs, size, size) if scale == "static" else nn.Identity(),
            activation_of(activation, outputs),
            shortcut_of(inputs, outputs, stride, norm),
        )

    stages = [plan.channels(channels) for channels in CHANNELS]
    layers, size = [], -(-plan.image_size // 4) if plan.for_imagenet else plan.image_size
    for inputs, outputs, stride in block_shapes(halves, stages):
        size = -(-size // stride)  # rounded up, as the convolution does
        layers.append(half(inputs, outputs, stride, size))
    blocks = [nn.Sequential(*layers[first : first + HALVES]) for first in range(0, len(layers), HALVES)]
    in_stem = ("relu" if scale == "gate" else "prelu") if stem_activation is None else stem_activation
    stem = plan.resnet_stem(stages[0], norm2d(norm, stages[0]), activation_of(in_stem, stages[0], "stem_activation"))
    return Network(stem, blocks, plan.head(stages[-1]))
