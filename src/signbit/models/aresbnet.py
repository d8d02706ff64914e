"""AresB-Net: shuffled grouped convolutions beside channels that go on unchanged, the activation before the norm."""

from collections import OrderedDict
from typing import final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.channel_shuffle import ChannelShuffle
from signbit.models.parts.choices import activation_of, binarizer_with, norm2d
from signbit.models.parts.duplicate import Duplicate
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shuffled_unit import ShuffledUnit

SIZES = {"aresbnet10": (1, 1, 1, 1), "aresbnet18": (2, 2, 2, 2), "aresbnet34": (3, 4, 6, 3)}
CHANNELS = 64  # of the stem and of the first branches; each stage has twice as many as the one before


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
    weight_binarizer: str = "mean_abs_sign",
    weight_gradient: str = "xnor_port",
    padding_value: int = 0,
) -> Network:
    """Build AresB-Net-10, -18 or -34: blocks of two shuffled units, each with one grouped binary convolution.

    Four stages with 128, 256, 512 and 1024 channels between the units, each twice the one before at every width. A
    unit shuffles its channels, all but the first of the network; its branch is a sign, a 3x3 binary convolution of two
    groups to half of the channels, activation and norm. A norm stands between the two units of a block. The first block
    of the last three stages has stride 2, with a 3x3 maximum as its shortcut. The stem's 64 channels are duplicated,
    and the head sees the first half of the last ones. Published for CIFAR-100 with dropout 0.5.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: of stem and branches, see `models.parts.choices.activation_of`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        weight_gradient: the rule of `mean_abs_sign`, see there; other methods have their own.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Kim 2021, "AresB-Net: accurate residual binarized neural networks using shortcut concatenation and shuffled
        grouped convolution", PeerJ Computer Science 7:e454, doi:10.7717/peerj-cs.454.
    """

    def branch(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, groups=2, padding_value=padding_value, input_binarizer=binarizer,
            weight_binarizer=binarizer_with(weight_binarizer, weight_gradient=weight_gradient),
        )  # fmt: skip
        layers = {"conv": conv, "activation": activation_of(activation, outputs), "norm": norm2d(norm, outputs)}
        return nn.Sequential(OrderedDict(layers))

    def block(inputs: int, outputs: int, stride: int, shuffle: nn.Module) -> nn.Sequential:
        pool = nn.MaxPool2d(3, 2, 1) if stride == 2 else None
        first, second = branch(inputs, outputs // 2, stride), branch(outputs, outputs // 2, 1)
        units = {
            "first": ShuffledUnit(shuffle, first, pool, norm2d(norm, outputs)),
            "second": ShuffledUnit(ChannelShuffle(), second, None, nn.Identity()),
        }
        return nn.Sequential(OrderedDict(units))

    channels = plan.channels(CHANNELS)
    stages = [2 * channels * 2**stage for stage in range(len(blocks))]
    layers = [
        block(*shape, ChannelShuffle() if index else nn.Identity())
        for index, shape in enumerate(block_shapes(blocks, stages))
    ]
    first_norm = [norm2d(norm, channels)] if plan.for_imagenet else []
    first = plan.resnet_stem(channels, *first_norm, activation_of(activation, channels))
    stem = nn.Sequential(*first, Duplicate(), norm2d(norm, 2 * channels))
    return Network(stem, layers, nn.Sequential(FirstHalf(), *plan.head(stages[-1] // 2)))
