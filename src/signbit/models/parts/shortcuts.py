"""What goes past the convolutions of a block."""

from collections.abc import Callable
from functools import partial

from torch import nn

from signbit.models.parts.choices import norm2d

REAL_1X1: Callable[[int, int], nn.Module] = partial(nn.Conv2d, kernel_size=1, bias=False)


def mean_pool(stride: int) -> nn.Module:
    """The mean of each 2x2 pixels where the stride is 2, x itself where it is 1.

    Shapes: (N, C, H, W) to (N, C, H / stride, W / stride), rounded up.
    """
    # The padded convolution beside it rounds up too; at an odd edge the mean is that of the pixels there are.
    return nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False) if stride == 2 else nn.Identity()


def shortcut_of(
    inputs: int, outputs: int, stride: int, norm: str, conv: Callable[[int, int], nn.Module] = REAL_1X1
) -> nn.Module:
    """x itself where its shape is kept; elsewhere a 2x2 mean where the stride is 2, a 1x1 convolution and a norm.

    Args:
        norm: see `models.parts.choices.norm2d`.
        conv: from both numbers of channels to the convolution; by default one of real values.
    """
    # Both are asked: at small widths the stages on either side of a stride may have as many channels.
    if (stride, inputs) == (1, outputs):
        return nn.Identity()
    pool = [mean_pool(stride)] if stride > 1 else []
    return nn.Sequential(*pool, conv(inputs, outputs), norm2d(norm, outputs))
