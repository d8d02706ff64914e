"""Convolution of real values with signs."""

from typing import ClassVar, final

import torch
from torch import Tensor

from signbit.binarizers import Binarizer
from signbit.layers.arguments import Device, Pair, describe_conv, geometry_of, pair, positive
from signbit.layers.binary_layer import BinaryLayer
from signbit.layers.product import scaled_conv2d


@final
class BinaryWeightConv2d(BinaryLayer):
    """2-D convolution of a real-valued input with weights of -1 and +1, scaled after the product.

    It saves storage, not multiply-accumulates: nothing here is an XNOR, and the product is counted as real-valued.

    Shapes: (N, in_channels, H, W) to (N, out_channels, H', W'), as torch.nn.Conv2d; padded with 0.

    Arguments as torch.nn.Conv2d up to `bias`, which is False by default; the others are keyword-only.

    Args:
        padding: integers, "valid", or "same" if both sides get the same padding.
        padding_mode: must be "zeros".
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
        kernel_size: Pair,
        stride: Pair = 1,
        padding: str | Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = False,
        *,
        weight_binarizer: str | Binarizer = "mean_abs_sign",
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        inputs, outputs = positive("in_channels", in_channels), positive("out_channels", out_channels)
        size = pair("kernel_size", kernel_size, 1)
        geometry = geometry_of((inputs, outputs), size, stride, padding, dilation, groups, 0, padding_mode)
        shape = (outputs, inputs // geometry.groups, *size)
        super().__init__(shape, bias, None, weight_binarizer, device, dtype)
        self.in_channels, self.out_channels = inputs, outputs
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
