"""QuickNet: binary convolutions padded with +1, so that no third symbol is left, and cheap layers between them."""

from typing import NamedTuple, final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.blur_pool import BlurPool2d
from signbit.models.parts.choices import activation_of, binarizer_with, norm2d
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan


class Size(NamedTuple):
    """Blocks and channels of each stage."""

    blocks: tuple[int, ...]
    channels: tuple[int, ...]


SIZES = {
    "quicknet_small": Size((4, 4, 4, 4), (32, 64, 256, 512)),
    "quicknet_base": Size((4, 4, 4, 4), (64, 128, 256, 512)),
    "quicknet_large": Size((6, 8, 12, 6), (64, 128, 256, 512)),
}
DEFAULTS = {"latent_init": "glorot_normal"}


@final
class QuickNetBlock(nn.Module):
    """3x3 binary convolution, activation, norm, plus the block's input."""

    def __init__(self, conv: nn.Module, activation: nn.Module, norm: nn.Module) -> None:
        super().__init__()
        self.conv, self.activation, self.norm = conv, activation, norm

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        y: Tensor = self.norm(self.activation(self.conv(x))) + x
        return y


def quicknet(
    size: Size,
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "relu",
    binarizer: str = "clipped_ste_sign",
    weight_binarizer: str = "clipped_ste_sign",
    clip_limit: float = 1.25,
    padding_value: int = 1,
) -> Network:
    """Build QuickNet: four stages of blocks that keep channels and size, a transition before each of the last three.

    A transition is ReLU, a 2x2 maximum of stride 1, a blur pool, a real-valued 1x1 convolution and a norm. The stem is
    a 3x3 convolution to a quarter of the channels, norm, ReLU, a 3x3 depthwise convolution, a norm without parameters,
    a 1x1 convolution and a norm. Both of its 3x3 convolutions have stride 2 for ImageNet, and 1 for CIFAR, a layout of
    our own.

    Args:
        norm: see `models.parts.choices.norm2d`; that without parameters is always a batch norm.
        activation: between a binary convolution and its norm, see `models.parts.choices.activation_of`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights; the default has no scale.
        clip_limit: where the gradient of `clipped_ste_sign` ends.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Bannink et al. 2021, "Larq Compute Engine: Design, Benchmark, and Deploy State-of-the-Art Binarized Neural
        Networks", arXiv:2011.09398.
    """

    def block(channels: int) -> QuickNetBlock:
        conv = BinaryConv2d(
            channels, channels, 3, padding=1, padding_value=padding_value,
            input_binarizer=binarizer_with(binarizer, limit=clip_limit),
            weight_binarizer=binarizer_with(weight_binarizer, limit=clip_limit),
        )  # fmt: skip
        return QuickNetBlock(conv, activation_of(activation, channels), norm2d(norm, channels))

    def transition(inputs: int, outputs: int) -> nn.Sequential:
        pool = [nn.ReLU(), nn.MaxPool2d(2, 1), BlurPool2d(inputs)]
        return nn.Sequential(*pool, nn.Conv2d(inputs, outputs, 1, bias=False), norm2d(norm, outputs))

    stages = [plan.channels(channels) for channels in size.channels]
    layers: list[nn.Module] = []
    for index, (count, channels) in enumerate(zip(size.blocks, stages, strict=True)):
        if index:
            layers.append(transition(stages[index - 1], channels))
        layers.extend(block(channels) for _ in range(count))
    head = nn.Sequential(nn.ReLU(), *plan.head(stages[-1]))
    return Network(_stem(plan, stages[0], norm), layers, head)


def _stem(plan: Plan, channels: int, norm: str) -> nn.Sequential:
    narrow, stride = channels // 4, 2 if plan.for_imagenet else 1
    return nn.Sequential(
        *plan.convolution(narrow, 3, stride),
        norm2d(norm, narrow),
        nn.ReLU(),
        nn.Conv2d(narrow, narrow, 3, stride, 1, groups=narrow, bias=False),
        nn.BatchNorm2d(narrow, affine=False),
        nn.Conv2d(narrow, channels, 1, bias=False),
        norm2d(norm, channels),
    )
