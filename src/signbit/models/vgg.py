"""VGG: VGG-11, the real-valued counterpart of BinaryNet, and VGG-Small, on which most binarizers were published."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from torch import nn

from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.choices import norm1d, norm2d
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan


class Topology(NamedTuple):
    """Channels of the convolutions of each stage, where the pool of a stage stands, and whether it is binary."""

    stages: tuple[tuple[int, ...], ...]
    pool_before_norm: bool
    binary: bool


SIZES = {
    "vgg11": Topology(((64,), (128,), (256, 256), (512, 512), (512, 512)), pool_before_norm=False, binary=False),
    "vgg_small": Topology(((128, 128), (256, 256), (512, 512)), pool_before_norm=True, binary=True),
}


def vgg(
    topology: Topology,
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    hidden_features: Sequence[int] = (),
    binarizer: str = "ste_sign",
    weight_binarizer: str = "mean_abs_sign",
    padding_value: int = 0,
    binary: bool | None = None,
) -> Network:
    """Build VGG-11 or VGG-Small: stages of 3x3 convolutions, a 2x2 maximum after each, and linear layers.

    VGG-11 has convolutions of 64, 128, 256, 256 and four times 512 channels in five stages: convolution, norm, ReLU,
    and the pool where a stage ends. VGG-Small has 128, 128, 256, 256, 512, 512 in three stages: sign, binary
    convolution, (pool), norm, hardtanh. The first convolution and the last linear layer are real-valued. No layer
    before a norm has a bias; `layout` changes nothing.

    Args:
        norm: see `models.parts.choices.norm2d`.
        hidden_features: of the linear layers before the last, each followed by norm and activation; none is the custom
            for CIFAR, (4096, 4096) that for ImageNet.
        binarizer: method of the activations; hardtanh before every sign masks the gradient of the default.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.
        binary: True has binary layers and hardtanh, False float layers and ReLU; by default VGG-Small is binary and
            VGG-11 is not.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        arXiv:1409.1556. VGG-Small: Zhang, Yang, Ye and Hua 2018, "LQ-Nets: Learned Quantization for Highly Accurate
        and Compact Deep Neural Networks", arXiv:1807.10029.
    """
    smallest = 2 ** len(topology.stages)
    if plan.image_size < smallest:
        raise ValueError(f"image_size is {plan.image_size!r}; give at least {smallest}: each stage ends with a pool")
    is_binary = topology.binary if binary is None else binary
    layers = BinaryOrReal(is_binary, binarizer, weight_binarizer, padding_value)

    def block(convolution: list[nn.Module], outputs: int, pooled: bool) -> nn.Sequential:
        pool: list[nn.Module] = [nn.MaxPool2d(2)] if pooled else []
        after: list[nn.Module] = [norm2d(norm, outputs), layers.activation()]
        return nn.Sequential(*convolution, *(pool + after if topology.pool_before_norm else after + pool))

    shapes = [(plan.channels(c), last) for stage in topology.stages for c, last in _with_last(stage)]
    (first, first_pooled), *_ = shapes
    blocks = [
        block([layers.convolution(inputs, outputs, 3)], outputs, pooled)
        for (inputs, _), (outputs, pooled) in pairwise(shapes)
    ]
    pixels = (plan.image_size // smallest) ** 2
    features = [shapes[-1][0] * pixels, *(plan.channels(count) for count in hidden_features)]
    hidden: list[nn.Module] = []
    for inputs, outputs in pairwise(features):
        hidden += [layers.linear(inputs, outputs), norm1d(norm, outputs), layers.activation()]
    stem = block(plan.convolution(first, 3, 1), first, first_pooled)
    return Network(stem, blocks, nn.Sequential(nn.Flatten(), *hidden, *plan.last_layer(features[-1])))


def _with_last(stage: Sequence[int]) -> list[tuple[int, bool]]:
    return [(channels, index == len(stage)) for index, channels in enumerate(stage, start=1)]
