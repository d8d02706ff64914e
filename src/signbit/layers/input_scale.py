"""The scale of the input of a binary convolution, one value for each window."""

from typing import final

from torch import Tensor, nn
from torch.nn import functional

from signbit.layers.arguments import pair


@final
class InputScale2d(nn.Module):
    """K: the mean magnitude over the channels, then over each window of the convolution, padded with 0.

    A binary convolution of x, times K, approximates the convolution of x itself. The gradient passes both means.

    Shapes: (N, C, H, W) to (N, 1, H', W'), as a convolution of this kernel size, stride and padding.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Rastegari, Ordonez, Redmon and Farhadi 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional
        Neural Networks", arXiv:1603.05279; the published code leaves it out.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.kernel_size = pair("kernel_size", kernel_size, 1)
        self.stride, self.padding = pair("stride", stride, 1), pair("padding", padding, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Mean |x| of each window."""
        # Padded here, as avg_pool2d refuses a padding above half of the kernel, which a convolution may have.
        height, width = self.padding
        magnitudes = functional.pad(x.abs().mean(1, keepdim=True), (width, width, height, height))
        return functional.avg_pool2d(magnitudes, self.kernel_size, self.stride)

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
