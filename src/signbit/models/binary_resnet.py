"""ResNet-18 with binary convolutions: the topology of `resnet`, the order of layers of BinaryNet."""

from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan
from signbit.models.parts.residual_blocks import ResidualBlocks
from signbit.models.resnet import CHANNELS

SIZES = {"binary_resnet18": (2, 2, 2, 2), "binary_resnet34": (3, 4, 6, 3)}


def binary_resnet(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    shortcut: str = "binary",
    shortcut_around: str = "block",
    binarizer: str = "ste_sign",
    weight_binarizer: str = "ste_sign",
    padding_value: int = 0,
    binary: bool = True,
) -> Network:
    """Build ResNet-18 or -34 with binary 3x3 convolutions.

    The order is that of BinaryNet: sign, binary convolution, norm, hardtanh, and the next layer's sign. A block is two
    of these; as in `resnet`, its shortcut is added between the last norm and the last hardtanh, so it carries real
    values from -1 to 1. Stem and head are real-valued.

    Args:
        norm: `batch`, `abn` and the others of `models.parts.choices.norm2d`.
        shortcut: where the shape changes: a 1x1 convolution of stride 2, `binary` or `real`, and a norm; or `pad`,
            every second pixel and channels of zeros.
        shortcut_around: what a shortcut goes around: each `block` of two convolutions, or each `conv`.
        binarizer: method of the activations; hardtanh before every sign masks the gradient of the default.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.
        binary: False builds the real-valued twin: float layers and ReLU, which is `resnet` with these shortcuts.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", arXiv:1512.03385, with the layers
        of Hubara et al. 2016, "Binarized Neural Networks", arXiv:1602.02830. With norm="abn": Gu et al. 2025, Entropy
        27(6):645, whose ResNet-18 may be this one or `binarynet_resnet18`.
    """
    layers = BinaryOrReal(binary, binarizer, weight_binarizer, padding_value)
    make = ResidualBlocks(layers, norm, shortcut=shortcut, around=shortcut_around)
    return make.network(plan, blocks, CHANNELS)
