"""BNext: binary convolutions gated by what goes around them, on the layers of MobileNet."""

from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.learned_mix import LearnedMix
from signbit.layers.rsign import RSign
from signbit.layers.squeeze_gate import SqueezeGate
from signbit.models.parts.choices import activation_of, binarizer_with, norm2d
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import mean_pool


class Size(NamedTuple):
    """Channels of the stem, and blocks of each stage; every stage has twice the channels of the one before it."""

    stem: int
    blocks: tuple[int, ...]


SIZES = {
    "bnext_t": Size(32, (1, 2, 2, 6, 2)),
    "bnext_s": Size(48, (1, 2, 2, 6, 2)),
    "bnext_m": Size(48, (1, 4, 4, 8, 4)),
    "bnext_l": Size(64, (1, 4, 4, 16, 4)),
}
DEFAULTS = {"latent_init": "small_normal"}
GATE_REDUCTION = 8


@final
class RecoupledConv(nn.Module):
    """RSign, binary convolution, norm and activation, gated by the mix of the result with what goes around it."""

    def __init__(
        self, sign: RSign, conv: BinaryConv2d, norm: nn.Module, activation: nn.Module, mix: LearnedMix, gate: nn.Module
    ) -> None:
        super().__init__()
        self.sign, self.conv, self.norm, self.activation, self.mix, self.gate = sign, conv, norm, activation, mix, gate

    def forward(self, x: Tensor, around: Tensor) -> Tensor:
        """(N, in, H, W), and (N, out, H / stride, W / stride) that goes around, to the latter's shape."""
        y: Tensor = self.activation(self.norm(self.conv(self.sign(x))))
        gated: Tensor = self.gate(self.mix(around, y)) * y
        return gated


@final
class FeedForward(nn.Module):
    """Recoupled convolution, norm, plus the shortcut."""

    def __init__(self, conv: RecoupledConv, norm: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.shortcut = conv, norm, shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        past = self.shortcut(x)
        y: Tensor = self.norm(self.conv(x, past)) + past
        return y


@final
class ElementwiseAttention(nn.Module):
    """Recoupled convolution times the shortcut of the activated input, norm, plus that shortcut again.

    Args:
        mixes_activated: whether the gate sees the shortcut of the activated input, or that of the input itself.
    """

    def __init__(
        self, conv: RecoupledConv, norm: nn.Module, shortcut: nn.Module, activation: nn.Module, mixes_activated: bool
    ) -> None:
        super().__init__()
        self.conv, self.norm, self.shortcut, self.activation = conv, norm, shortcut, activation
        self.mixes_activated = mixes_activated

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        past = self.shortcut(self.activation(x))
        around = past if self.mixes_activated else self.shortcut(x)
        y: Tensor = self.norm(self.conv(x, around) * past) + past
        return y


@final
class Doubling(nn.Module):
    """Two modules beside each other, the channels of the second behind those of the first."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 2 C, H, W)."""
        return torch.cat([self.first(x), self.second(x)], 1)


@dataclass(frozen=True)
class Units:
    """What BNext's networks are made of, with their switches; see `bnext`."""

    norm: str
    activation: str
    binarizer: str
    weight_binarizer: str
    clip_limit: float
    temperature_decay: float
    padding_value: int

    def feed_forward(
        self, inputs: int, outputs: int, kernel_size: int, stride: int = 1, shortcut: nn.Module | None = None
    ) -> FeedForward:
        """A feed-forward unit; its shortcut is the input where none is given."""
        conv = self._conv(inputs, outputs, kernel_size, stride)
        return FeedForward(conv, norm2d(self.norm, outputs), shortcut or nn.Identity())

    def attention(
        self, inputs: int, outputs: int, stride: int, shortcut: nn.Module, *, mixes_activated: bool
    ) -> ElementwiseAttention:
        """An attention unit of a 3x3 convolution."""
        conv = self._conv(inputs, outputs, 3, stride)
        act = activation_of(self.activation, inputs)
        return ElementwiseAttention(conv, norm2d(self.norm, outputs), shortcut, act, mixes_activated)

    def head(self, plan: Plan, features: int) -> nn.Sequential:
        """An activation before the head that is planned."""
        return nn.Sequential(activation_of(self.activation, features), *plan.head(features))

    def _conv(self, inputs: int, outputs: int, kernel_size: int, stride: int) -> RecoupledConv:
        weights = binarizer_with(self.weight_binarizer, limit=self.clip_limit, decay=self.temperature_decay)
        conv = BinaryConv2d(
            inputs, outputs, kernel_size, stride, kernel_size // 2, padding_value=self.padding_value,
            input_binarizer=None, weight_binarizer=weights,
        )  # fmt: skip
        return RecoupledConv(
            RSign(inputs, binarizer_with(self.binarizer, limit=self.clip_limit)),
            conv,
            norm2d(self.norm, outputs),
            activation_of(self.activation, outputs),
            LearnedMix(outputs),
            SqueezeGate(outputs, outputs, GATE_REDUCTION, bias=True),
        )


def bnext(
    size: Size,
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
    """Build BNext-T, -S, -M or -L: blocks of a 3x3 and a 1x1 unit in five stages, without a scale of the weights.

    Every unit ends in the sum of its result and its shortcut, the input, or its 2x2 mean where the stride is 2. The
    3x3 unit is an attention unit in every second block, beginning with the second. Where the channels double, two 1x1
    units stand beside each other. The first block of each stage but the first has stride 2. The stem, a 3x3
    convolution and a norm, has stride 2 for ImageNet and 1 for CIFAR.

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

    def block(inputs: int, outputs: int, stride: int, attends: bool) -> nn.Sequential:
        shortcut = mean_pool(stride)
        wide: nn.Module = (
            units.attention(inputs, inputs, stride, shortcut, mixes_activated=False)
            if attends
            else units.feed_forward(inputs, inputs, 3, stride, shortcut)
        )
        pointwise = [units.feed_forward(inputs, inputs, 1) for _ in range(outputs // inputs)]
        return nn.Sequential(wide, pointwise[0] if inputs == outputs else Doubling(*pointwise))

    first = plan.channels(size.stem)
    stages = [first * 2**stage for stage in range(1, 1 + len(size.blocks))]
    shapes = block_shapes(size.blocks, stages, first)
    layers = [block(*shape, attends=index % 2 == 1) for index, shape in enumerate(shapes)]
    stem = nn.Sequential(*plan.convolution(first, 3, 2 if plan.for_imagenet else 1), norm2d(norm, first))
    return Network(stem, layers, units.head(plan, stages[-1]))
