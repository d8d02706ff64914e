"""BNext-18: the units of BNext on the layers of ResNet-18."""

from torch import nn

from signbit.models.bnext import Units
from signbit.models.parts.choices import norm2d
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import shortcut_of
from signbit.models.resnet import CHANNELS

SIZES = {"bnext18": (2, 2, 2, 2)}
DEFAULTS = {"latent_init": "small_normal"}


def bnext18(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "prelu",
    binarizer: str = "clipped_ste_sign",
    weight_binarizer: str = "temperature_sign",
    clip_limit: float = 1.5,
    temperature_decay: float = 0.9,
    padding_value: int = 0,
) -> Network:
    """Build BNext-18: four stages of two blocks, each an attention unit and a feed-forward unit of 3x3 convolutions.

    The first block of the last three stages has stride 2; the shortcut of its attention unit is a 2x2 mean, a
    real-valued 1x1 convolution and a norm. The gate of an attention unit sees the shortcut of the activated input, not
    that of the input as in `bnext`. The stem is a convolution, a norm, and for ImageNet a maximum.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: of each unit and before the head, see `models.parts.choices.activation_of`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights; the default's mode `soft` is that of the paper's training.
        clip_limit: where the gradient of `clipped_ste_sign` ends.
        temperature_decay: of `temperature_sign`, each epoch; fewer epochs than the paper's 512 need a smaller one.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Guo, Bethge, Meinel and Yang 2022, "Join the High Accuracy Club on ImageNet with A Binary Neural Network
        Ticket", arXiv:2211.12933.
    """
    units = Units(norm, activation, binarizer, weight_binarizer, clip_limit, temperature_decay, padding_value)

    def block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        past = shortcut_of(inputs, outputs, stride, norm)
        attention = units.attention(inputs, outputs, stride, past, mixes_activated=True)
        return nn.Sequential(attention, units.feed_forward(outputs, outputs, 3))

    stages = [plan.channels(channels) for channels in CHANNELS]
    layers = [block(*shape) for shape in block_shapes(blocks, stages)]
    return Network(plan.resnet_stem(stages[0], norm2d(norm, stages[0])), layers, units.head(plan, stages[-1]))
