"""Channels of several groups, dealt out in turn."""

from typing import final

from torch import Tensor, nn

from signbit.layers.arguments import positive


@final
class ChannelShuffle(nn.Module):
    """Reorders C channels to 0, C/g, 2C/g, ..., 1, C/g + 1, ...: every group of what follows sees all groups before it.

    Shapes: (N, C, H, W) to the same; C is a multiple of `groups`.

    Source:
        Zhang, Zhou, Lin and Sun 2018, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
        Devices", arXiv:1707.01083.
    """

    def __init__(self, groups: int = 2) -> None:
        super().__init__()
        self.groups = positive("groups", groups)

    def forward(self, x: Tensor) -> Tensor:
        """The channels in their new order."""
        count, channels, height, width = x.shape
        dealt = x.reshape(count, self.groups, channels // self.groups, height, width)
        return dealt.transpose(1, 2).reshape(count, channels, height, width)

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        return f"groups={self.groups}"
