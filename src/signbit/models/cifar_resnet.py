"""The ResNets of CIFAR, three thin stages: ResNet-20, on which most binarizers were published, and ResNet-56."""

from collections.abc import Mapping

from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan
from signbit.models.parts.residual_blocks import ResidualBlocks

SIZES = {"resnet20": 3, "resnet56": 9}
CHANNELS = (16, 32, 64)


def _checkpoint_names(blocks: int) -> dict[str, str]:
    """Module path in a checkpoint of akamaster/pytorch_resnet_cifar10: module path here."""
    parts = {"conv1": "body.0", "bn1": "body.1", "conv2": "body.3", "bn2": "body.4"}
    inner = {
        f"module.layer{stage + 1}.{position}.{theirs}": f"blocks.{stage * blocks + position}.{ours}"
        for stage in range(len(CHANNELS))
        for position in range(blocks)
        for theirs, ours in parts.items()
    }
    return {"module.conv1": "stem.1", "module.bn1": "stem.2", **inner, "module.linear": "head.2"}


CHECKPOINT_NAMES: Mapping[str, Mapping[str, str]] = {name: _checkpoint_names(count) for name, count in SIZES.items()}
"""For each model, module path in a checkpoint of akamaster/pytorch_resnet_cifar10 to module path in our model.

The model is `binary=False` with the mean and std of ImageNet, without dropout. The checkpoint has no normalisation of
the pixels (`stem.0` here), and no `num_batches_tracked`."""


def cifar_resnet(
    blocks: int,
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "hardtanh",
    shortcut: str = "pad",
    shortcut_around: str | None = None,
    binarizer: str = "ste_sign",
    weight_binarizer: str = "mean_abs_sign",
    padding_value: int = 0,
    binary: bool = True,
) -> Network:
    """Build ResNet-20 or -56: three stages of 16, 32 and 64 channels, each of 3 or 9 blocks of two 3x3 convolutions.

    Binary: sign, binary convolution, norm, plus the shortcut, hardtanh, convolution after convolution; with
    `shortcut_around="block"` the shortcut skips two of them. Stem and head are real-valued.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: of a binary network, see `models.parts.choices.activation_of`; hardtanh before every sign masks the
            gradient of the default binarizer, so another activation wants another binarizer.
        shortcut: where the shape changes: `pad` (every second pixel and channels of zeros), or a 1x1 convolution of
            stride 2, `binary` or `real`, and a norm.
        shortcut_around: what a shortcut goes around: each `conv`, or each `block` of two; by default `conv` in a binary
            network and `block` in a real-valued one.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.
        binary: False builds the published real-valued network: float layers and ReLU.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", arXiv:1512.03385; shortcuts around
        each binary convolution are those of Liu et al. 2018, "Bi-Real Net", arXiv:1808.00278.
    """
    layers = BinaryOrReal(binary, binarizer, weight_binarizer, padding_value)
    around = shortcut_around or ("conv" if binary else "block")
    return ResidualBlocks(layers, norm, activation, shortcut, around).network(plan, (blocks,) * 3, CHANNELS)
