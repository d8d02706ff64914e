"""Bi-Real Net-50: bottlenecks that pass on two streams, so that each of their three convolutions has a shortcut."""

from typing import final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.leaky_clip import LeakyClip
from signbit.models.parts.choices import binarizer_with, norm2d
from signbit.models.parts.network import block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import mean_pool, shortcut_of
from signbit.models.resnet import CHANNELS

SIZES = {"birealnet50": (3, 4, 6, 3)}
EXPANSION = 4  # channels of the wide stream for one of the narrow stream


@final
class BiRealBottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution, each with a norm and a shortcut; between blocks go a narrow and a wide stream.

    The first convolution adds the narrow stream of the block before, the second adds what it reads, and the third the
    wide stream. The sum behind the second is the next narrow stream, that behind the third the next wide one.

    Args:
        narrow_shortcut: None where there is no narrow stream before.
    """

    def __init__(
        self, reduce: nn.Module, conv: nn.Module, expand: nn.Module, narrow_shortcut: nn.Module | None,
        pool: nn.Module, wide_shortcut: nn.Module,
    ) -> None:  # fmt: skip
        super().__init__()
        self.reduce, self.conv, self.expand = reduce, conv, expand
        self.narrow_shortcut, self.pool, self.wide_shortcut = narrow_shortcut, pool, wide_shortcut
        self.wide = nn.Identity()  # its output can be hooked, which is one tensor

    def forward(self, narrow: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams (N, in / 4, H, W) and (N, in, H, W) to the next two."""
        reduced = self.reduce(wide)
        if self.narrow_shortcut is not None:
            reduced = reduced + self.narrow_shortcut(narrow)
        middle = self.conv(reduced) + self.pool(reduced)
        return middle, self.wide(self.expand(middle) + self.wide_shortcut(wide))


@final
class TwoStreamNetwork(nn.Module):
    """A stem, blocks that pass on two streams, and a head that reads the wide one."""

    def __init__(self, stem: nn.Module, blocks: list[BiRealBottleneck], head: nn.Module) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = stem, nn.ModuleList(blocks), head

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (N, classes) of uint8 pixels (N, C, H, W)."""
        narrow = wide = self.stem(pixels)
        for block in self.blocks:
            narrow, wide = block(narrow, wide)
        logits: Tensor = self.head(wide)
        return logits

    @property
    def feature_layers(self) -> tuple[str, ...]:
        """Module paths whose outputs a teacher may be matched at: the wide streams."""
        return tuple(f"blocks.{index}.wide" for index in range(len(self.blocks)))


def birealnet_bottleneck(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    binarizer: str = "approx_sign",
    weight_binarizer: str = "mean_abs_sign",
    weight_gradient: str = "unscaled",
    padding_value: int = 0,
) -> TwoStreamNetwork:
    """Build Bi-Real Net-50, the block being that of the authors' torch release.

    Four stages of bottlenecks with 64, 128, 256 and 512 channels inside and four times as many outside. Where a stage
    begins, the wide shortcut is a mean, a real-valued 1x1 convolution and a norm, and the narrow shortcut a real-valued
    1x1 convolution. The first convolution of the first block is real-valued and reads a leaky clip of the stem. There
    is no activation.

    Args:
        norm: see `models.parts.choices.norm2d`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        weight_gradient: the rule of `mean_abs_sign`, see there; other methods have their own.
        padding_value: what the binary 3x3 convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Liu, Luo, Wu, Yang, Liu and Cheng 2020, "Bi-Real Net: Binarizing Deep Network Towards Real-Network
        Performance", International Journal of Computer Vision 128, arXiv:1811.01335; the authors' repository
        liuzechun/Bi-Real-net.
    """

    def normed(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
        conv = BinaryConv2d(
            inputs, outputs, size, stride, size // 2, padding_value=padding_value, input_binarizer=binarizer,
            weight_binarizer=binarizer_with(weight_binarizer, weight_gradient=weight_gradient),
        )  # fmt: skip
        return nn.Sequential(conv, norm2d(norm, outputs))

    def block(inputs: int, middle: int, stride: int, first: bool) -> BiRealBottleneck:
        wide_inputs, wide = inputs if first else inputs * EXPANSION, middle * EXPANSION
        reduce = normed(wide_inputs, middle, 1)
        narrow_shortcut: nn.Module | None = nn.Identity()
        if first:
            conv = nn.Conv2d(wide_inputs, middle, 1, bias=False)
            reduce, narrow_shortcut = nn.Sequential(LeakyClip(), conv, norm2d(norm, middle)), None
        elif stride == 2:
            narrow_shortcut = nn.Conv2d(inputs, middle, 1, bias=False)
        return BiRealBottleneck(
            reduce,
            normed(middle, middle, 3, stride),
            normed(middle, wide, 1),
            narrow_shortcut,
            mean_pool(stride),
            shortcut_of(wide_inputs, wide, stride, norm),
        )

    stages = [plan.channels(channels) for channels in CHANNELS]
    stem = plan.resnet_stem(stages[0], norm2d(norm, stages[0]))
    layers = [block(*shape, first=not index) for index, shape in enumerate(block_shapes(blocks, stages))]
    return TwoStreamNetwork(stem, layers, plan.head(stages[-1] * EXPANSION))
