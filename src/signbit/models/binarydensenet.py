"""BinaryDenseNet: every binary convolution appends its channels to those it read."""

from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.models.parts.choices import activation_of, binarizer_with, norm2d
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan


class Size(NamedTuple):
    """Layers and dilation of each stage, and what each transition divides the channels by."""

    layers: tuple[int, ...]
    reductions: tuple[float, ...]
    dilations: tuple[int, ...] = (1, 1, 1, 1)


SIZES = {
    "binarydensenet28": Size((6, 6, 6, 5), (2.7, 2.7, 2.2)),
    "binarydensenet37": Size((6, 8, 12, 6), (3.3, 3.3, 4.0)),
    "binarydensenet37_dilated": Size((6, 8, 12, 6), (3.3, 3.3, 4.0), (1, 1, 2, 4)),
    "binarydensenet45": Size((6, 12, 14, 8), (2.7, 3.3, 4.0)),
}
DEFAULTS = {"latent_init": "glorot_normal"}
GROWTH = 64  # channels of the stem, and those that every layer appends


@final
class DenseLayer(nn.Module):
    """Norm, 3x3 binary convolution, activation; the result stands behind the channels of the input."""

    def __init__(self, norm: nn.Module, conv: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.norm, self.conv, self.activation = norm, conv, activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + growth, H, W)."""
        return torch.cat([x, self.activation(self.conv(self.norm(x)))], 1)


def binarydensenet(
    size: Size,
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "none",
    binarizer: str = "clipped_ste_sign",
    weight_binarizer: str = "clipped_ste_sign",
    clip_limit: float = 1.3,
    padding_value: int = 0,
) -> Network:
    """Build BinaryDenseNet-28, -37, -45 or the dilated -37: four stages of layers that append 64 channels each.

    A transition is a norm, a 2x2 maximum of stride 2, ReLU and a real-valued 1x1 convolution to fewer channels, a
    multiple of 32 at width 1. In the dilated network the last two transitions have no maximum, and the convolutions
    behind them look 2 and 4 pixels far, so that the maps stay larger. Norm and ReLU stand before the head.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: after a binary convolution, see `models.parts.choices.activation_of`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights; the default has no scale.
        clip_limit: where the gradient of `clipped_ste_sign` ends.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Bethge, Yang, Bornstein and Meinel 2019, "Back to Simplicity: How to Train Accurate BNNs from Scratch?",
        arXiv:1906.08637.
    """
    growth = plan.channels(GROWTH)

    def layer(inputs: int, dilation: int) -> DenseLayer:
        conv = BinaryConv2d(
            inputs, growth, 3, padding=dilation, dilation=dilation, padding_value=padding_value,
            input_binarizer=binarizer_with(binarizer, limit=clip_limit),
            weight_binarizer=binarizer_with(weight_binarizer, limit=clip_limit),
        )  # fmt: skip
        return DenseLayer(norm2d(norm, inputs), conv, activation_of(activation, growth))

    def transition(inputs: int, outputs: int, dilated: bool) -> nn.Sequential:
        pool = [] if dilated else [nn.MaxPool2d(2)]
        return nn.Sequential(norm2d(norm, inputs), *pool, nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False))

    layers: list[nn.Module] = []
    channels = growth
    begins = [growth, *map(plan.channels, _transition_outputs(size))]
    for index, (count, dilation, begin) in enumerate(zip(size.layers, size.dilations, begins, strict=True)):
        if index:
            layers.append(transition(channels, begin, dilation > 1))
        layers.extend(layer(begin + position * growth, dilation) for position in range(count))
        channels = begin + count * growth
    stem = nn.Sequential(*plan.first_convolution(growth), norm2d(norm, growth), nn.ReLU(), *plan.first_pool())
    return Network(stem, layers, nn.Sequential(norm2d(norm, channels), nn.ReLU(), *plan.head(channels)))


def _transition_outputs(size: Size) -> list[int]:
    """Channels behind each transition at width 1."""
    channels, outputs = GROWTH, []
    for count, reduction in zip(size.layers[:-1], size.reductions, strict=True):
        channels = round((channels + count * GROWTH) / reduction / 32) * 32
        outputs.append(channels)
    return outputs
