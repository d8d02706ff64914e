"""What every network made of blocks is told, and the stem and the head that follow from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from signbit.layers.binary_layer import BinaryLayer
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.pixels import Normalize
from signbit.models.parts.choices import one_of

STEMS = ("real", "integer")
LAYOUTS = ("cifar", "imagenet")
IMAGENET_SIZE = 96  # from this size on the stem and its pool divide by 4, unless the layout is stated

LATENT_INITS: dict[str, Callable[[nn.Parameter], object] | None] = {
    "torch": None,
    "small_positive": lambda weight: nn.init.uniform_(weight, 0, 0.001),
    "small_normal": lambda weight: nn.init.normal_(weight, 0, 0.001),
    "glorot_normal": nn.init.xavier_normal_,
    "fan_in_normal": nn.init.kaiming_normal_,
    "fan_out_normal": lambda weight: nn.init.kaiming_normal_(weight, mode="fan_out"),
}
"""How latent weights of convolutions begin; in `small_positive`, that of Bi-Real Net and its descendants, every sign is
+1 at first."""

AnyModule = TypeVar("AnyModule", bound=nn.Module)


@dataclass(frozen=True)
class Plan:
    """Arguments that all networks of blocks share.

    Args:
        num_classes: of the head.
        width: factor of all channels, each rounded to a multiple of 8.
        in_channels: of the pixels.
        image_size: height and width of the pixels.
        layout: of the stem: `cifar` keeps the size of the image, `imagenet` divides it by 4; by default `imagenet` from
            96 pixels on.
        stem: `real` (normalised pixels, float weights) or `integer` (uint8 pixels, int8 weights).
        dropout: share of the features that the head drops in training.
        latent_init: a key of `LATENT_INITS`.
        mean: of each channel on the scale 0 to 1, for a real stem; 0.5 by default.
        std: likewise.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.
    """

    num_classes: int = 10
    width: float = 1.0
    in_channels: int = 3
    image_size: int = 32
    layout: str | None = None
    stem: str = "real"
    dropout: float = 0.0
    latent_init: str = "torch"
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("stem", self.stem, STEMS),
            ("layout", self.layout or LAYOUTS[0], LAYOUTS),
            ("latent_init", self.latent_init, tuple(LATENT_INITS)),
        ):
            one_of(name, value, allowed)
        if self.width <= 0:
            raise ValueError(f"width is {self.width!r}; give a positive factor")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout!r}; give a share from 0 to below 1")

    @property
    def for_imagenet(self) -> bool:
        """Whether the stem divides the size of the image by 4."""
        return self.layout == "imagenet" or (self.layout is None and self.image_size >= IMAGENET_SIZE)

    def channels(self, count: int) -> int:
        """`count` times the width, rounded to a multiple of 8 (whole bytes of signs), at least 8."""
        return scaled(count, self.width)

    def pixels(self) -> list[nn.Module]:
        """What stands before a real-valued convolution of pixels."""
        unknown = [0.5] * self.in_channels
        return [Normalize(self.mean or unknown, self.std or unknown)]

    def convolution(
        self,
        outputs: int,
        kernel_size: int,
        stride: int,
        weight_binarizer: str | None = None,
        padding: int | None = None,
    ) -> list[nn.Module]:
        """The first convolution, without bias, with what stands before it.

        Args:
            weight_binarizer: the method of its weights, where they have one bit.
            padding: by default half the kernel.
        """
        sizes, padding = (self.in_channels, outputs, kernel_size), kernel_size // 2 if padding is None else padding
        if self.stem == "integer":
            return [IntegerConv2d(*sizes, stride, padding, weight_binarizer=weight_binarizer)]
        if weight_binarizer is not None:
            return [*self.pixels(), BinaryWeightConv2d(*sizes, stride, padding, weight_binarizer=weight_binarizer)]
        return [*self.pixels(), nn.Conv2d(*sizes, stride, padding, bias=False)]

    def first_convolution(self, outputs: int, weight_binarizer: str | None = None) -> list[nn.Module]:
        """The first convolution of a ResNet: 3x3, or 7x7 of stride 2 for ImageNet."""
        kernel_size, stride = (7, 2) if self.for_imagenet else (3, 1)
        return self.convolution(outputs, kernel_size, stride, weight_binarizer)

    def first_pool(self) -> list[nn.Module]:
        """The pool of a ResNet's stem: a 3x3 maximum of stride 2 for ImageNet."""
        return [nn.MaxPool2d(3, 2, 1)] if self.for_imagenet else []

    def resnet_stem(self, channels: int, *after: nn.Module) -> nn.Sequential:
        """The first convolution of a ResNet, what comes after it, and the pool."""
        return nn.Sequential(*self.first_convolution(channels), *after, *self.first_pool())

    def head(self, features: int) -> nn.Sequential:
        """Mean over the pixels, dropout where there is one, and a real-valued linear layer."""
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), *self.last_layer(features))

    def last_layer(self, features: int) -> list[nn.Module]:
        """Dropout where there is one, and a real-valued linear layer."""
        dropout = [nn.Dropout(self.dropout)] if self.dropout else []
        return [*dropout, as_head(nn.Linear(features, self.num_classes))]

    def initialise(self, model: AnyModule) -> AnyModule:
        """The model itself, the latent weights of its convolutions begun as planned."""
        begin = LATENT_INITS[self.latent_init]
        for module in model.modules():
            if begin is not None and isinstance(module, BinaryLayer) and module.weight.dim() == 4:
                begin(module.weight)
        return model


def scaled(channels: float, width: float) -> int:
    """Channels times width, rounded to a multiple of 8 (whole bytes of signs), at least 8."""
    return max(8, round(channels * width / 8) * 8)


def as_head(layer: AnyModule) -> AnyModule:
    """The layer itself, its parameters given the role `head`."""
    layer.roles = dict.fromkeys((name for name, _ in layer.named_parameters(recurse=False)), "head")  # type: ignore[assignment]
    return layer
