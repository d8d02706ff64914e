"""A shortcut to a stage of more channels and fewer pixels, without weights."""

from typing import final

from torch import Tensor, nn
from torch.nn import functional

from signbit.layers.arguments import positive


@final
class PadShortcut(nn.Module):
    """Every `stride`-th pixel, between channels of zeros: half of the new channels before, half after.

    Shapes: (N, in_channels, H, W) to (N, out_channels, H / stride, W / stride), rounded up.

    Raises:
        ValueError: an argument is not positive, or the channels grow by a negative or odd number.

    Source:
        He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", arXiv:1512.03385 (option A).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        grown = positive("out_channels", out_channels) - positive("in_channels", in_channels)
        if grown < 0 or grown % 2:
            raise ValueError(
                f"in_channels is {in_channels}, out_channels is {out_channels}; give as many or an even number more"
            )
        self.stride, self.each_side = positive("stride", stride), grown // 2

    def forward(self, x: Tensor) -> Tensor:
        """Subsample x and pad its channels with 0."""
        pixels = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(pixels, (0, 0, 0, 0, self.each_side, self.each_side))

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        return f"stride={self.stride}, zeros={self.each_side} before and after"
