"""Wide ResNet of CIFAR: norm and activation before the convolutions."""

from typing import final

from torch import Tensor, nn

from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.choices import norm2d, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.residual_blocks import SHORTCUT_AROUND

SIZES = {"wrn22": 3}
CHANNELS = (16, 32, 64)
STEM_CHANNELS = 16
SHORTCUTS = ("real", "binary")


@final
class PreActivationBlock(nn.Module):
    """Norm and activation, then the body plus the shortcut: of x itself, or a projection of the activation."""

    def __init__(self, before: nn.Sequential, body: nn.Sequential, projection: nn.Module | None) -> None:
        super().__init__()
        self.before, self.body, self.projection = before, body, projection

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        activated = self.before(x)
        y: Tensor = self.body(activated) + (x if self.projection is None else self.projection(activated))
        return y


def wide_resnet(
    blocks: int,
    plan: Plan,
    /,
    *,
    widen: int = 4,
    norm: str = "batch",
    shortcut: str = "real",
    shortcut_around: str | None = None,
    binarizer: str = "ste_sign",
    weight_binarizer: str = "mean_abs_sign",
    padding_value: int = 0,
    binary: bool = True,
) -> Network:
    """Build WRN-22: three stages of 16, 32 and 64 channels times `widen`, each of 3 blocks of two 3x3 convolutions.

    The stem is a convolution to 16 channels alone. Binary: norm, hardtanh, sign, binary convolution, plus the shortcut,
    convolution after convolution; with `shortcut_around="block"` the shortcut skips two of them. Where the shape
    changes it is a 1x1 convolution of what enters the sign. Norm and activation come before the head, too.

    Args:
        widen: factor of the stages' channels, at least 1.
        norm: see `models.parts.choices.norm2d`.
        shortcut: products of the 1x1 convolutions: `real`, or `binary`.
        shortcut_around: what a shortcut goes around: each `conv`, or each `block` of two; by default `conv` in a binary
            network and `block` in a real-valued one.
        binarizer: method of the activations; hardtanh before every sign masks the gradient of the default.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.
        binary: False builds the published real-valued network: float layers and ReLU.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Zagoruyko and Komodakis 2016, "Wide Residual Networks", arXiv:1605.07146; shortcuts around each binary
        convolution are those of Liu et al. 2018, "Bi-Real Net", arXiv:1808.00278.
    """
    around = shortcut_around or ("conv" if binary else "block")
    _check(widen, shortcut, around)
    layers = BinaryOrReal(binary, binarizer, weight_binarizer, padding_value)

    def before(channels: int) -> nn.Sequential:
        return nn.Sequential(norm2d(norm, channels), layers.activation())

    def block(inputs: int, outputs: int, stride: int) -> PreActivationBlock:
        body = [layers.convolution(inputs, outputs, 3, stride)]
        if around == "block":
            body += [*before(outputs), layers.convolution(outputs, outputs, 3)]
        past = None if (stride, inputs) == (1, outputs) else projection(inputs, outputs, stride)
        return PreActivationBlock(before(inputs), nn.Sequential(*body), past)

    def projection(inputs: int, outputs: int, stride: int) -> nn.Module:
        made_of = layers if shortcut == "binary" else BinaryOrReal(binary=False)
        return made_of.convolution(inputs, outputs, 1, stride)

    first = plan.channels(STEM_CHANNELS)
    stages = [plan.channels(channels * widen) for channels in CHANNELS]
    counts = [blocks * (2 if around == "conv" else 1)] * len(stages)
    stem = nn.Sequential(*plan.first_convolution(first), *plan.first_pool())
    found = [block(*shape) for shape in block_shapes(counts, stages, first)]
    return Network(stem, found, nn.Sequential(*before(stages[-1]), *plan.head(stages[-1])))


def _check(widen: int, shortcut: str, around: str) -> None:
    if not isinstance(widen, int) or widen < 1:
        raise ValueError(f"widen is {widen!r}; give an integer of at least 1")
    one_of("shortcut", shortcut, SHORTCUTS)
    one_of("shortcut_around", around, SHORTCUT_AROUND)
