"""AresB-Net: shuffled grouped convolutions beside channels that go on unchanged, the activation before the norm."""

from collections import OrderedDict
from typing import final

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.binarizers.mean_abs_sign import MeanAbsSign
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.channel_shuffle import ChannelShuffle
from signbit.models.parts.choices import activation as activation_of
from signbit.models.parts.choices import norm2d
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan
from signbit.models.parts.shuffled_unit import ShuffledUnit

SIZES = {"aresbnet10": (1, 1, 1, 1), "aresbnet18": (2, 2, 2, 2), "aresbnet34": (3, 4, 6, 3)}
CHANNELS = 64  # of the stem and of the first branches; each stage has twice as many as the one before
WEIGHT_GRADIENT = "xnor_port"  # of MeanAbsSign, see there


@final
class Duplicate(nn.Module):
    """(N, C, H, W) to (N, 2 C, H, W): all channels, then all of them again."""

    def forward(self, x: Tensor) -> Tensor:
        """The channels twice."""
        return torch.cat((x, x), 1)


@final
class FirstHalf(nn.Module):
    """(N, C, H, W) to (N, C / 2, H, W): the first half of the channels."""

    def forward(self, x: Tensor) -> Tensor:
        """The channels that a unit's branch was added to."""
        return x[:, : x.shape[1] // 2]


def aresbnet(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "leaky_relu",
    binarizer: str = "clipped_ste_sign",
    weight_binarizer: str | Binarizer | None = None,
    padding_value: int = 0,
) -> Network:
    """Build AresB-Net-10, -18 or -34: blocks of two shuffled units, each with one grouped binary convolution.

    Four stages with 128, 256, 512 and 1024 channels between the units, each twice the one before at every width. A
    unit shuffles its channels, all but the first of the network; its branch is a sign, a 3x3 binary convolution of two
    groups to half of the channels, activation and norm. A norm stands between the two units of a block. The first block
    of the last three stages has stride 2, with a 3x3 maximum as its shortcut. The stem's 64 channels are duplicated,
    and the head sees the first half of the last ones. Dropout is 0.5 as published for CIFAR-100, 0 for other data.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: of stem and branches, see `models.parts.choices.activation`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights; by default `mean_abs_sign` with the gradient of `WEIGHT_GRADIENT`.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Kim 2021, "AresB-Net: accurate residual binarized neural networks using shortcut concatenation and shuffled
        grouped convolution", PeerJ Computer Science 7:e454, doi:10.7717/peerj-cs.454.
    """

    def branch(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        weights = MeanAbsSign(WEIGHT_GRADIENT) if weight_binarizer is None else weight_binarizer
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, groups=2, padding_value=padding_value, input_binarizer=binarizer,
            weight_binarizer=weights,
        )  # fmt: skip
        layers = {"conv": conv, "activation": activation_of(activation, outputs), "norm": norm2d(norm, outputs)}
        return nn.Sequential(OrderedDict(layers))

    def block(inputs: int, outputs: int, shuffle: nn.Module) -> nn.Sequential:
        # From `inputs` channels to twice `outputs`: where the two are equal, the channels double and the size halves.
        pool = nn.MaxPool2d(3, 2, 1) if inputs == outputs else None
        first = branch(inputs, outputs, 1 if pool is None else 2)
        units = {
            "first": ShuffledUnit(shuffle, first, pool, norm2d(norm, 2 * outputs)),
            "second": ShuffledUnit(ChannelShuffle(), branch(2 * outputs, outputs, 1), None, nn.Identity()),
        }
        return nn.Sequential(OrderedDict(units))

    channels = plan.channels(CHANNELS)
    layers: list[nn.Module] = []
    inputs = 2 * channels
    for index, count in enumerate(blocks):
        outputs = channels * 2**index
        for _ in range(count):
            layers.append(block(inputs, outputs, ChannelShuffle() if layers else nn.Identity()))
            inputs = 2 * outputs
    first_norm = [norm2d(norm, channels)] if plan.for_imagenet else []
    stem = nn.Sequential(
        *plan.first_convolution(channels), *first_norm, activation_of(activation, channels), *plan.first_pool(),
        Duplicate(), norm2d(norm, 2 * channels),
    )  # fmt: skip
    return Network(stem, layers, nn.Sequential(FirstHalf(), *plan.head(inputs // 2)))
