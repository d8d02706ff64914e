"""BinaryNet: a VGG of binary convolutions, the baseline of attention batch norm."""

from collections.abc import Sequence
from itertools import pairwise
from typing import final

from torch import Tensor, nn

from signbit.layers.attention_batch_norm import AttentionBatchNorm1d, AttentionBatchNorm2d
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.pixels import Normalize

CONV_CHANNELS = (128, 128, 256, 256, 512)  # times inflation; the sixth is 512 whatever the inflation
LAST_CONV_CHANNELS = 512
LINEAR_FEATURES = (1024, 1024)
POOLED = (1, 3, 5)  # a 2x2 maximum follows these convolutions
STEMS = ("real", "integer", "binary")
HEADS = ("real", "binary")
NORMS = ("batch", "abn")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; there are {', '.join(allowed)}")
    return value


def _scaled(channels: float, width: float) -> int:
    """Channels times width, rounded to a multiple of 8 (whole bytes of signs), at least 8."""
    return max(8, round(channels * width / 8) * 8)


@final
class BinaryNet(nn.Module):
    """Stem, six convolutions in all, two hidden linear layers and a head; see `binarynet`."""

    def __init__(
        self, stem: nn.Sequential, features: nn.Sequential, classifier: nn.Sequential, head: nn.Module
    ) -> None:
        super().__init__()
        self.stem, self.features, self.classifier, self.head = stem, features, classifier, head

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (N, num_classes) of uint8 pixels (N, C, H, W)."""
        logits: Tensor = self.head(self.classifier(self.features(self.stem(pixels)).flatten(1)))
        return logits


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
        norm: `batch`, or `abn` (attention batch norm) in all places but the logits.
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
    _one_of("norm", norm, NORMS), _one_of("stem", stem, STEMS), _one_of("head", head, HEADS)
    if inflation not in (1, 3):
        raise ValueError(f"inflation is {inflation!r}; give 1 or 3")
    if width <= 0:
        raise ValueError(f"width is {width!r}; give a positive factor")
    if image_size < 8:
        raise ValueError(f"image_size is {image_size!r}; give at least 8: three pools halve it")
    channels = [_scaled(c * inflation, width) for c in CONV_CHANNELS] + [_scaled(LAST_CONV_CHANNELS, width)]
    hidden = [_scaled(f, width) for f in LINEAR_FEATURES]
    norm2d = AttentionBatchNorm2d if norm == "abn" else nn.BatchNorm2d
    norm1d = AttentionBatchNorm1d if norm == "abn" else nn.BatchNorm1d

    def convolution(inputs: int, outputs: int) -> nn.Module:
        if not binary:
            return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
        return BinaryConv2d(
            inputs, outputs, 3, padding=1, bias=bias,
            padding_value=padding_value, input_binarizer=binarizer, weight_binarizer=weight_binarizer,
        )  # fmt: skip

    def linear(inputs: int, outputs: int) -> nn.Module:
        if not binary:
            return nn.Linear(inputs, outputs, bias=bias)
        return BinaryLinear(inputs, outputs, bias, input_binarizer=binarizer, weight_binarizer=weight_binarizer)

    def activation() -> nn.Module:
        return nn.Hardtanh() if binary else nn.ReLU()

    layers: list[nn.Module] = []
    for index, (inputs, outputs) in enumerate(pairwise(channels), start=1):
        pool = [nn.MaxPool2d(2)] if index in POOLED else []
        layers += [convolution(inputs, outputs), *pool, norm2d(outputs), activation()]
    flat = channels[-1] * (image_size // 8) ** 2
    dense: list[nn.Module] = []
    for inputs, outputs in pairwise([flat, *hidden]):
        dense += [linear(inputs, outputs), norm1d(outputs), activation()]
    first = _stem(stem, in_channels, channels[0], bias, weight_binarizer, mean, std, binary)
    last: nn.Module = nn.Linear(hidden[-1], num_classes)
    if head == "binary":
        last = nn.Sequential(linear(hidden[-1], num_classes), nn.BatchNorm1d(num_classes, affine=False))
    return BinaryNet(
        nn.Sequential(*first, norm2d(channels[0]), activation()),
        nn.Sequential(*layers),
        nn.Sequential(*dense),
        last,
    )


def _stem(
    kind: str,
    inputs: int,
    outputs: int,
    bias: bool,
    weight_binarizer: str,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    binary: bool,
) -> list[nn.Module]:
    if kind == "integer":
        return [IntegerConv2d(inputs, outputs, 3, padding=1, bias=bias)]
    if kind == "binary" and binary:
        return [IntegerConv2d(inputs, outputs, 3, padding=1, bias=bias, weight_binarizer=weight_binarizer)]
    normalize = Normalize([0.5] * inputs if mean is None else mean, [0.5] * inputs if std is None else std)
    return [normalize, nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)]
