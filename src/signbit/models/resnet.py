"""ResNet-18 and -34 of real values: references, and teachers of the binary networks."""

from signbit.models.parts.binary_or_real import BinaryOrReal
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan
from signbit.models.parts.residual_blocks import ResidualBlocks

REAL_VALUED = True  # training does not warn that nothing is binary
SIZES = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}
CHANNELS = (64, 128, 256, 512)


def resnet(blocks: tuple[int, ...], plan: Plan, /, *, norm: str = "batch") -> Network:
    """Build ResNet-18 or -34: blocks of two 3x3 convolutions in four stages of 64, 128, 256 and 512 channels.

    The first block of the last three stages has stride 2, and its shortcut is a 1x1 convolution of stride 2 and a norm.
    With 1,000 classes and the ImageNet layout they have 11,689,512 and 21,797,672 parameters.

    Args:
        norm: see `models.parts.choices.norm2d`.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", arXiv:1512.03385.
    """
    return ResidualBlocks(BinaryOrReal(binary=False), norm).network(plan, blocks, CHANNELS)
