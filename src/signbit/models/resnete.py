"""ResNetE: a shortcut around every binary convolution, real-valued downsampling, no scale of the weights."""

from torch import nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.models.birealnet import BiRealBlock
from signbit.models.parts.choices import activation_of, binarizer_with, norm2d
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import shortcut_of
from signbit.models.resnet import CHANNELS

SIZES = {"resnete18": (4, 4, 4, 4)}
DEFAULTS = {"latent_init": "glorot_normal"}


def resnete(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "none",
    binarizer: str = "clipped_ste_sign",
    weight_binarizer: str = "clipped_ste_sign",
    clip_limit: float = 1.25,
    padding_value: int = 0,
) -> Network:
    """Build ResNetE-18: blocks of one binary convolution each, every one with a shortcut.

    Four stages of 64, 128, 256 and 512 channels; the first block of the last three has stride 2, and its shortcut is a
    2x2 mean, a real-valued 1x1 convolution and a norm. The stem is a convolution, norm, ReLU, for ImageNet a maximum,
    and a second norm. A ReLU stands before the head.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: after the addition, see `models.parts.choices.activation_of`.
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

    def block(inputs: int, outputs: int, stride: int) -> BiRealBlock:
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, padding_value=padding_value,
            input_binarizer=binarizer_with(binarizer, limit=clip_limit),
            weight_binarizer=binarizer_with(weight_binarizer, limit=clip_limit),
        )  # fmt: skip
        past = shortcut_of(inputs, outputs, stride, norm)
        return BiRealBlock(conv, norm2d(norm, outputs), past, activation_of(activation, outputs))

    stages = [plan.channels(channels) for channels in CHANNELS]
    layers = [block(*shape) for shape in block_shapes(blocks, stages)]
    first = plan.resnet_stem(stages[0], norm2d(norm, stages[0]), nn.ReLU())
    stem = nn.Sequential(*first, norm2d(norm, stages[0]))
    return Network(stem, layers, nn.Sequential(nn.ReLU(), *plan.head(stages[-1])))
