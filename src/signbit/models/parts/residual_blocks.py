"""Residual blocks of one or two convolutions, binary or real, and the network they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor, nn

from signbit.layers.pad_shortcut import PadShortcut
from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.choices import activation_of, norm2d, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan

SHORTCUTS = ("binary", "real", "pad")
SHORTCUT_AROUND = ("conv", "block")


@final
class ResidualBlock(nn.Module):
    """The body plus the shortcut, then the activation; nothing is done in place, the shortcut reads x itself."""

    def __init__(self, body: nn.Sequential, shortcut: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut, self.activation = body, shortcut, activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        y: Tensor = self.activation(self.body(x) + self.shortcut(x))
        return y


@dataclass(frozen=True)
class ResidualBlocks:
    """Builds the blocks of one network, and the network.

    Args:
        layers: binary ones, or those of the real-valued twin.
        norm: see `models.parts.choices.norm2d`.
        activation: of binary networks, see `models.parts.choices.activation_of`; a real-valued twin has ReLU.
        shortcut: where the shape changes: a 1x1 convolution, `binary` or `real`, and a norm; or `pad`, every second
            pixel and channels of zeros.
        around: what a shortcut goes around: each `conv`, or each `block` of two.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.
    """

    layers: BinaryOrReal
    norm: str = "batch"
    activation: str = "hardtanh"
    shortcut: str = "real"
    around: str = "block"

    def __post_init__(self) -> None:
        one_of("shortcut", self.shortcut, SHORTCUTS)
        one_of("shortcut_around", self.around, SHORTCUT_AROUND)

    def network(self, plan: Plan, blocks: Sequence[int], channels: Sequence[int]) -> Network:
        """A stem that ends in norm and activation, stages of that many blocks of two convolutions, and the head."""
        stages = [plan.channels(count) for count in channels]
        stem = plan.resnet_stem(stages[0], norm2d(self.norm, stages[0]), self._activation(stages[0]))
        return Network(stem, self._blocks(blocks, stages), plan.head(stages[-1]))

    def _blocks(self, blocks: Sequence[int], stages: Sequence[int]) -> list[ResidualBlock]:
        if self.around == "conv":
            convs = block_shapes([2 * count for count in blocks], stages)
            return [self._block(self._conv(*shape), *shape) for shape in convs]
        return [self._block(self._two_convs(*shape), *shape) for shape in block_shapes(blocks, stages)]

    def _conv(self, inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        return [self.layers.convolution(inputs, outputs, 3, stride), norm2d(self.norm, outputs)]

    def _two_convs(self, inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        first = self._conv(inputs, outputs, stride)
        return [*first, self._activation(outputs), *self._conv(outputs, outputs, 1)]

    def _block(self, body: list[nn.Module], inputs: int, outputs: int, stride: int) -> ResidualBlock:
        past = nn.Identity() if (stride, inputs) == (1, outputs) else self._past(inputs, outputs, stride)
        return ResidualBlock(nn.Sequential(*body), past, self._activation(outputs))

    def _past(self, inputs: int, outputs: int, stride: int) -> nn.Module:
        if self.shortcut == "pad":
            return PadShortcut(inputs, outputs, stride)
        real = BinaryOrReal(binary=False) if self.shortcut == "real" else self.layers
        return nn.Sequential(real.convolution(inputs, outputs, 1, stride), norm2d(self.norm, outputs))

    def _activation(self, channels: int) -> nn.Module:
        return activation_of(self.activation if self.layers.binary else "relu", channels)
