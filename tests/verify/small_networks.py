"""Networks small enough to be verified hundreds of times, each with its images and conversion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from signbit.convert import Conversion, convert
from signbit.engine import Model
from signbit.layers.attention_batch_norm import AttentionBatchNorm2d
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.pixels import Normalize
from signbit.preprocessing import Preprocessing

LABELS = ("ant", "bee", "cow", "dog", "eel")
PHOTOS = Preprocessing(0, "bilinear")


@dataclass(frozen=True)
class Case:
    """A network in eval mode, images for it, and what it converts to."""

    module: nn.Module
    images: Tensor
    conversion: Conversion

    @property
    def model(self) -> Model:
        return Model.from_bytes(self.conversion.to_bytes())


class Wave(nn.Module):
    """A function with many zeros: thresholds after it are tables."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x * 0.4)


def norm(channels: int) -> nn.BatchNorm2d:
    """A batch norm with statistics that are not 0 and 1, and gammas of both signs."""
    made = nn.BatchNorm2d(channels)
    made.running_mean = torch.randn(channels) * 3
    made.running_var = torch.rand(channels) * 20 + 1
    made.weight.data = torch.randn(channels)
    made.bias.data = torch.randn(channels) * 0.3
    return made


def attention_norm(channels: int) -> AttentionBatchNorm2d:
    """Its beta lies where a channel has two thresholds, and outside of that band."""
    made = AttentionBatchNorm2d(channels)
    assert made.beta is not None
    made.beta.data = torch.linspace(-0.1, 0.35, channels)
    made.normalise.running_mean = torch.randn(channels) * 2
    return made


def stem(channels: int) -> IntegerConv2d:
    """Pixels times signs, so that the integers of an output are few enough to be tried quickly."""
    return IntegerConv2d(3, channels, 3, padding=1, weight_binarizer="ste_sign")


class Integers(nn.Module):
    """Bits of integers alone: thresholds, intervals, a moved pool, groups, a lookup for five classes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            stem(6), attention_norm(6),
            BinaryConv2d(6, 70, 3, padding=1, padding_value=-1), norm(70), nn.MaxPool2d(2),
            BinaryConv2d(70, 6, 3, padding=1, groups=2), attention_norm(6), nn.MaxPool2d(2),
            BinaryConv2d(6, 4, 1), nn.Flatten(), BinaryLinear(4, 5), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.body(images)
        return output


class Tables(nn.Module):
    """Signs that change more than twice, and an output by steps that are torch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            stem(4), BinaryConv2d(4, 9, 3), Wave(), BinaryConv2d(9, 6, 2), Wave(), nn.MaxPool2d(2), nn.Flatten(),
            BinaryLinear(6, 5),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.body(images)
        return output


class Residual(nn.Module):
    """A real stem and a real stream: PReLU, a shortcut, channels joined, picked and zeroed, a pool of floats."""

    def __init__(self) -> None:
        super().__init__()
        self.normalize = Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.2])
        self.stem, self.norm0 = nn.Conv2d(3, 6, 3, padding=1), norm(6)
        self.conv1, self.norm1, self.prelu = BinaryConv2d(6, 6, 3, padding=1), norm(6), nn.PReLU(6)
        self.conv2, self.norm2 = BinaryConv2d(12, 8, 3, padding=1, padding_value=1), norm(8)
        self.head = nn.Linear(72, 5)
        self.prelu.weight.data = torch.randn(6)

    def forward(self, images: Tensor) -> Tensor:
        y = self.norm0(self.stem(self.normalize(images)))
        y = y + self.prelu(self.norm1(self.conv1(y)))
        y = torch.cat([y, y.flip(1)], 1)
        y[:, 3:5] = 0
        y = nn.functional.max_pool2d(self.norm2(self.conv2(y)), 2)
        output: Tensor = self.head(y.flatten(1))
        return output


class Ties(nn.Module):
    """Sums whose halves cancel: which side of zero they come to depends on the order in which they are added."""

    def __init__(self, outputs: int = 16, half: int = 48) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2 * half, outputs, 1, bias=False)
        self.conv = BinaryConv2d(outputs, 8, 2)
        self.norm = norm(8)
        self.order = torch.randperm(half)
        weight = torch.randn(outputs, half, 1, 1)
        self.mix.weight.data = torch.cat([weight, -weight[:, self.order]], 1)

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.norm(self.conv(self.mix(images)))
        return output

    def images(self, count: int) -> Tensor:
        """Their two halves hold the same numbers in another order."""
        half = torch.randn(count, len(self.order), 3, 3)
        return torch.cat([half, half[:, self.order]], 1)


def pixels(count: int = 6, side: int = 6) -> Tensor:
    """Images that look like noise."""
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def made(network: Callable[[], nn.Module], images: Tensor | None = None, *, labels: tuple[str, ...] = ()) -> Case:
    """A network whose parameters are the same in every run."""
    torch.manual_seed(7)
    module = network().eval()
    images = pixels() if images is None else images
    photos = PHOTOS if images.dtype == torch.uint8 else None
    return Case(module, images, convert(module, images[:2], labels=labels, preprocessing=photos))


@cache
def integers() -> Case:
    return made(Integers, labels=LABELS)


@cache
def tables() -> Case:
    return made(Tables, labels=LABELS)


@cache
def residual() -> Case:
    return made(Residual, labels=LABELS)


@cache
def ties() -> Case:
    torch.manual_seed(7)
    module = Ties().eval()
    images = module.images(12)
    return Case(module, images, convert(module, images[:2]))
