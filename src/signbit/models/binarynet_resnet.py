"""The residual network of BinaryNet: three stages of wide blocks, whose norm comes after the addition."""

from typing import final

from torch import Tensor, nn

from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.choices import norm1d, norm2d, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan

SIZES = {"binarynet_resnet18": 2}
DEFAULTS = {"latent_init": "fan_out_normal"}
CHANNELS = (80, 160, 320)
HEADS = ("real", "binary")
SHORTCUTS = ("binary", "real")


@final
class BinaryNetBlock(nn.Module):
    """Two 3x3 convolutions; norm and activation follow the first, and the sum of the second and the shortcut."""

    def __init__(
        self, convs: tuple[nn.Module, nn.Module], norm: nn.Module, activation: nn.Module, shortcut: nn.Module,
        after: nn.Module,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv1, self.norm1, self.activation1 = convs[0], norm, activation
        self.conv2, self.shortcut, self.after = convs[1], shortcut, after

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride); the shortcut starts at x itself, not at its sign."""
        y = self.activation1(self.norm1(self.conv1(x)))
        z: Tensor = self.after(self.conv2(y) + self.shortcut(x))
        return z


def binarynet_resnet(
    blocks: int,
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    head: str = "real",
    shortcut: str = "binary",
    one_bit_stem: bool = False,
    unused_norm: bool = False,
    binarizer: str = "ste_sign",
    weight_binarizer: str = "ste_sign",
    padding_value: int = 0,
    binary: bool = True,
) -> Network:
    """Build the residual network of BinaryNet's published code: three stages of 80, 160 and 320 channels.

    A block is sign, 3x3 binary convolution, norm, hardtanh, sign, 3x3 binary convolution, plus the shortcut, norm,
    hardtanh. The shortcut is the hardtanh of the block before, or, where a stage begins, a 1x1 convolution of stride 2
    and a norm. The last block ends with the addition; the mean over the pixels, norm, hardtanh and the head follow. Of
    its 18 layers by name it has 14, and two more in the shortcuts.

    The published network is `one_bit_stem=True, head="binary", unused_norm=True`: 4,338,030 parameters with 10
    classes.

    Args:
        norm: `batch`, `abn` and the others of `models.parts.choices.norm2d`; in all places but the logits.
        head: `real` (torch.nn.Linear) or `binary` (binary product with a bias, and batch norm).
        shortcut: products of the 1x1 convolutions: `binary`, or `real`.
        one_bit_stem: one-bit weights in the first convolution too: of normalised pixels where `stem` is `real`, of
            uint8 pixels where it is `integer`.
        unused_norm: give the last block the norm that the published code builds there and never calls: it is frozen,
            and counts among the parameters.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.
        binary: False builds the real-valued twin: the same topology with float layers and ReLU.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Hubara, Courbariaux, Soudry, El-Yaniv and Bengio 2016, "Binarized Neural Networks", NeurIPS,
        arXiv:1602.02830; topology of itayhubara/BinaryNet.pytorch. With norm="abn": Gu et al. 2025, Entropy
        27(6):645.
    """
    _check(head, shortcut, plan)
    layers = BinaryOrReal(binary, binarizer, weight_binarizer, padding_value)
    stages = [plan.channels(channels) for channels in CHANNELS]

    def block(inputs: int, outputs: int, stride: int, last: bool) -> BinaryNetBlock:
        convs = layers.convolution(inputs, outputs, 3, stride), layers.convolution(outputs, outputs, 3)
        past = nn.Identity() if (stride, inputs) == (1, outputs) else projection(inputs, outputs)
        after = nn.Identity() if last else nn.Sequential(norm2d(norm, outputs), layers.activation())
        return BinaryNetBlock(convs, norm2d(norm, outputs), layers.activation(), past, after)

    def projection(inputs: int, outputs: int) -> nn.Sequential:
        real = shortcut == "real"
        conv = nn.Conv2d(inputs, outputs, 1, 2, bias=False) if real else layers.convolution(inputs, outputs, 1, 2)
        return nn.Sequential(conv, norm2d(norm, outputs))

    shapes = list(block_shapes((blocks,) * len(stages), stages))
    found = [block(*shape, index == len(shapes)) for index, shape in enumerate(shapes, start=1)]
    if unused_norm:
        found[-1].unused_norm = norm2d(norm, stages[-1]).requires_grad_(False)
    first = plan.first_convolution(stages[0], weight_binarizer if one_bit_stem and binary else None)
    stem = nn.Sequential(*first, *plan.first_pool(), norm2d(norm, stages[0]), layers.activation())
    return Network(stem, found, _head(head, stages[-1], norm, layers, plan))


def _check(head: str, shortcut: str, plan: Plan) -> None:
    one_of("head", head, HEADS)
    one_of("shortcut", shortcut, SHORTCUTS)
    if head == "binary" and plan.dropout:
        raise ValueError(f"dropout is {plan.dropout!r} with a binary head, which has no zeros; give 0 or head='real'")


def _head(kind: str, features: int, norm: str, layers: BinaryOrReal, plan: Plan) -> nn.Sequential:
    before = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), norm1d(norm, features), layers.activation()]
    if kind == "real":
        return nn.Sequential(*before, *plan.last_layer(features))
    # SiLU of logits would make no sense, so this norm is a plain one in every network.
    linear = layers.linear(features, plan.num_classes, bias=True)
    return nn.Sequential(*before, linear, nn.BatchNorm1d(plan.num_classes))
