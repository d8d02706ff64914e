"""BinaryNet: a VGG of binary convolutions, the baseline of attention batch norm."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from torch import Tensor, nn

from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.pixels import Normalize
from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.choices import NORMS, norm1d, norm2d, one_of
from signbit.models.parts.plan import as_head, scaled

CONV_CHANNELS = (128, 128, 256, 256, 512)  # times inflation; the sixth is 512 whatever the inflation
LAST_CONV_CHANNELS = 512
LINEAR_FEATURES = (1024, 1024)
POOLED = (1, 3, 5)  # a 2x2 maximum follows these convolutions
STEMS = ("real", "integer", "binary")
HEADS = ("real", "binary")


@final
class BinaryNet(nn.Module):
    """A stem, five binary convolutions, two hidden linear layers and a head; see `binarynet`."""

    def __init__(
        self, stem: nn.Sequential, features: nn.Sequential, classifier: nn.Sequential, head: nn.Module
    ) -> None:
        super().__init__()
        self.stem, self.features, self.classifier, self.head = stem, features, classifier, head

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (N, num_classes) of uint8 pixels (N, C, H, W)."""
        logits: Tensor = self.head(self.classifier(self.features(self.stem(pixels)).flatten(1)))
        return logits


@dataclass(frozen=True)
class _Layers:
    """The layers of one network, in the order of BinaryNet."""

    made_of: BinaryOrReal
    norm: str
    bias: bool

    def features(self, channels: list[int]) -> nn.Sequential:
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise(channels), start=1):
            pool = [nn.MaxPool2d(2)] if index in POOLED else []
            layers += [self._convolution(inputs, outputs), *pool, norm2d(self.norm, outputs), self.made_of.activation()]
        return nn.Sequential(*layers)

    def classifier(self, features: list[int]) -> nn.Sequential:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(features):
            layers += [self._linear(inputs, outputs), norm1d(self.norm, outputs), self.made_of.activation()]
        return nn.Sequential(*layers)

    def stem(self, first: list[nn.Module], channels: int) -> nn.Sequential:
        return nn.Sequential(*first, norm2d(self.norm, channels), self.made_of.activation())

    def head(self, kind: str, features: int, classes: int) -> nn.Module:
        if kind == "real":
            return as_head(nn.Linear(features, classes))
        # SiLU of logits would make no sense, so this norm is a plain one in every network.
        return nn.Sequential(self._linear(features, classes), nn.BatchNorm1d(classes, affine=False))

    def _convolution(self, inputs: int, outputs: int) -> nn.Module:
        return self.made_of.convolution(inputs, outputs, 3, bias=self.bias)

    def _linear(self, inputs: int, outputs: int) -> nn.Module:
        return self.made_of.linear(inputs, outputs, bias=self.bias)


def binarynet(
    *,
    inflation: int = 1,
    width: float = 1.0,
    num_classes: int = 10,
    in_channels: int = 3,
    image_size: int = 32,
    norm: str = "batch",
    stem: str = "real",
    head: str = "real",
    binarizer: str = "ste_sign",
    weight_binarizer: str = "ste_sign",
    padding_value: int = 0,
    bias: bool = False,
    binary: bool = True,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> BinaryNet:
    """Build BinaryNet: sign, binary convolution, (pool), norm, hardtanh, layer after layer.

    The six 3x3 convolutions have 128, 128, 256, 256, 512 channels times `inflation` and 512 in the last; a 2x2
    maximum follows the second, fourth and sixth; the hidden linear layers have 1024 features. Hardtanh comes before
    every sign, so the identity gradient of the default binarizer is masked there. The published repository is
    `inflation=3, stem="binary", head="binary", bias=True`: 36,461,450 parameters with 10 classes. (A bias before a
    norm changes nothing but the running mean, so the default has none.)

    Args:
        inflation: 1 or 3.
        width: factor of all channels and features, each rounded to a multiple of 8.
        image_size: height and width of the pixels, at least 8.
        norm: `batch`, `abn` (attention batch norm), or its ablations `abn_scale` (with a learned factor) and
            `abn_no_bias`; in all places but the logits.
        stem: `real` (normalised pixels, float weights), `integer` (uint8 pixels, int8 weights) or `binary` (uint8
            pixels, one-bit weights).
        head: `real` (torch.nn.Linear) or `binary` (binary product and batch norm without affine).
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.
        binary: False builds the real-valued twin: the same topology with float layers and ReLU.
        mean: of each channel on the scale 0 to 1, for a real stem; 0.5 by default.
        std: likewise.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Hubara, Courbariaux, Soudry, El-Yaniv and Bengio 2016, "Binarized Neural Networks", NeurIPS,
        arXiv:1602.02830; layer sizes of itayhubara/BinaryNet.pytorch. With norm="abn": Gu et al. 2025, Entropy
        27(6):645.
    """
    _check(norm, stem, head, inflation, width, image_size)
    channels = [scaled(c * inflation, width) for c in CONV_CHANNELS] + [scaled(LAST_CONV_CHANNELS, width)]
    hidden = [scaled(f, width) for f in LINEAR_FEATURES]
    layers = _Layers(BinaryOrReal(binary, binarizer, weight_binarizer, padding_value), norm, bias)
    features = layers.features(channels)
    classifier = layers.classifier([channels[-1] * (image_size // 8) ** 2, *hidden])
    first = _first(stem if binary or stem != "binary" else "real", in_channels, channels[0], layers, mean, std)
    return BinaryNet(layers.stem(first, channels[0]), features, classifier, layers.head(head, hidden[-1], num_classes))


def _check(norm: str, stem: str, head: str, inflation: int, width: float, image_size: int) -> None:
    for name, value, allowed in (("norm", norm, NORMS), ("stem", stem, STEMS), ("head", head, HEADS)):
        one_of(name, value, allowed)
    if inflation not in (1, 3):
        raise ValueError(f"inflation is {inflation!r}; give 1 or 3")
    if width <= 0:
        raise ValueError(f"width is {width!r}; give a positive factor")
    if image_size < 8:
        raise ValueError(f"image_size is {image_size!r}; give at least 8: three pools halve it")


def _first(
    stem: str,
    inputs: int,
    outputs: int,
    layers: _Layers,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> list[nn.Module]:
    if stem != "real":
        method = layers.made_of.weight_binarizer if stem == "binary" else None
        return [IntegerConv2d(inputs, outputs, 3, padding=1, bias=layers.bias, weight_binarizer=method)]
    normalize = Normalize([0.5] * inputs if mean is None else mean, [0.5] * inputs if std is None else std)
    return [normalize, nn.Conv2d(inputs, outputs, 3, padding=1, bias=layers.bias)]
