"""PresB-Net: shuffled grouped convolutions, and activations that are shifted before two different norms."""

from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Any, final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.channel_shuffle import ChannelShuffle
from signbit.layers.rprelu import RPReLU
from signbit.layers.rsign import RSign
from signbit.models.parts.choices import activation_of, norm2d, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import mean_pool, shortcut_of
from signbit.models.parts.shuffled_unit import ShuffledUnit

SIZES = {"presbnet10": (1, 1, 1, 1), "presbnet18": (2, 2, 2, 2), "presbnet34": (3, 4, 6, 3)}
CHANNELS = 128  # of the first stage; each of the others has twice as many as the one before
GROUPS = 2
LN_SCOPES = {"group": GROUPS, "all": 1, "none": 0}

ABLATIONS: Mapping[str, Mapping[str, Any]] = {
    "full": {},
    "no bias": {"activation": "prelu"},
    "bias before LN only": {"second_activation": "prelu"},
    "no LN": {"ln_scope": "none"},
    "no BN": {"branch_norm": False},
    "RPReLU": {"activation": "rprelu"},
    "ReLU": {"activation": "relu"},
}
"""The arguments of each column of the paper's table 5."""


@final
class PresBBlock(nn.Module):
    """Two shuffled units, plus the shortcut past both of them, then the block's norm."""

    def __init__(self, first: ShuffledUnit, second: ShuffledUnit, shortcut: nn.Module, norm: nn.Module) -> None:
        super().__init__()
        self.first, self.second, self.shortcut, self.norm = first, second, shortcut, norm

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride); the shortcut starts before the first shuffle."""
        y: Tensor = self.norm(self.second(self.first(x)) + self.shortcut(x))
        return y


def presbnet(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "biased_prelu",
    second_activation: str | None = None,
    ln_scope: str = "group",
    branch_norm: bool = True,
    block_norm: bool = True,
    binarizer: str = "leaky_ste_sign",
    weight_binarizer: str = "mean_abs_sign",
    padding_value: int = 0,
) -> Network:
    """Build PresB-Net-10, -18 or -34: blocks of two shuffled units, each with one grouped binary convolution.

    Four stages of 128, 256, 512 and 1024 channels, each twice the one before at every width. A unit shuffles its
    channels; its branch is RSign, a 3x3 binary convolution of two groups to half of the channels, activation, layer
    norm, activation and norm; what follows both halves is RPReLU. The first block of the last three stages has
    stride 2: its shortcuts are 2x2 means, the block's with a 1x1 convolution of one-bit weights (its input stays
    real-valued) and a norm. The stem has no activation. The published stem is the one for CIFAR; that for ImageNet is
    the plan's. `ABLATIONS` gives the arguments of the paper's table 5.

    Args:
        norm: of stem, branches, shortcuts and blocks, see `models.parts.choices.norm2d`.
        activation: both of a branch, see `models.parts.choices.activation_of`.
        second_activation: the one between layer norm and norm, where it is another.
        ln_scope: what the layer norm of one image covers: the channels of a `group`, `all` channels, or `none` for no
            layer norm.
        branch_norm: whether a branch ends in a norm.
        block_norm: whether a block ends in a norm, as in the published code; the paper has none there.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Shin and Kim 2022, "PresB-Net: parametric binarized neural network with learnable activations and shuffled
        grouped convolution", PeerJ Computer Science 8:e842, doi:10.7717/peerj-cs.842.
    """
    ln_groups = LN_SCOPES[one_of("ln_scope", ln_scope, LN_SCOPES)]
    second = activation if second_activation is None else second_activation
    one_bit = partial(BinaryWeightConv2d, kernel_size=1, weight_binarizer=weight_binarizer)

    def branch(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        # The two group convolutions of the paper are one here, for they share their sign; what follows them group by
        # group is of each channel, but for the layer norm.
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, groups=GROUPS, padding_value=padding_value, input_binarizer=None,
            weight_binarizer=weight_binarizer,
        )  # fmt: skip
        layers: dict[str, nn.Module] = {
            "sign": RSign(inputs, binarizer),
            "conv": conv,
            "activation": activation_of(activation, outputs),
            "layer_norm": nn.GroupNorm(ln_groups, outputs) if ln_groups else nn.Identity(),
            "second_activation": activation_of(second, outputs, "second_activation"),
            "norm": norm2d(norm if branch_norm else "none", outputs),
        }
        return nn.Sequential(OrderedDict(layers))

    def unit(inputs: int, outputs: int, stride: int) -> ShuffledUnit:
        pool = mean_pool(stride) if stride == 2 else None
        return ShuffledUnit(ChannelShuffle(), branch(inputs, outputs // 2, stride), pool, RPReLU(outputs))

    def block(inputs: int, outputs: int, stride: int) -> PresBBlock:
        past = shortcut_of(inputs, outputs, stride, norm, one_bit)
        units = unit(inputs, outputs, stride), unit(outputs, outputs, 1)
        return PresBBlock(*units, past, norm2d(norm if block_norm else "none", outputs))

    channels = 2 * plan.channels(CHANNELS // 2)  # both halves are whole bytes of signs
    stages = [channels * 2**stage for stage in range(len(blocks))]
    stem = plan.resnet_stem(channels, norm2d(norm, channels))
    return Network(stem, [block(*shape) for shape in block_shapes(blocks, stages)], plan.head(stages[-1]))
