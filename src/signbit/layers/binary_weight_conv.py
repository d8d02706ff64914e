"""Convolution of real values with signs."""

from typing import ClassVar, final

from torch import Tensor

from signbit.binarizers import Binarizer
from signbit.layers.arguments import describe_conv, geometry_of, pair
from signbit.layers.binary_layer import BinaryLayer
from signbit.layers.product import scaled_conv2d


@final
class BinaryWeightConv2d(BinaryLayer):
    """2-D convolution of a real-valued input with weights of -1 and +1, scaled after the product.

    It saves storage, not multiply-accumulates: nothing here is an XNOR, and the product is counted as real-valued.

    Shapes: (N, in_channels, H, W) to (N, out_channels, H', W'), as torch.nn.Conv2d; padded with 0.

    Args:
        weight_binarizer: a method's name or a binarizer.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.
        TypeError: the binarizer is neither a name nor a Binarizer.

    Source:
        Rastegari, Ordonez, Redmon and Farhadi 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional
        Neural Networks", arXiv:1603.05279 (its Binary-Weight-Networks).
    """

    takes_codes: ClassVar[bool] = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = False,
        *,
        weight_binarizer: str | Binarizer = "mean_abs_sign",
    ) -> None:
        geometry = geometry_of((in_channels, out_channels), stride, padding, dilation, groups, 0)
        size = pair("kernel_size", kernel_size, 1)
        super().__init__((out_channels, in_channels // groups, *size), bias, None, weight_binarizer)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.geometry = size, geometry

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x with the codes of the weight, then scale, then add the bias."""
        codes, scale = self.weight_codes()
        y = scaled_conv2d(x, codes, scale, self.geometry, exact=False)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        channels = (self.in_channels, self.out_channels)
        return describe_conv(channels, self.kernel_size, self.geometry, self.bias is not None)
