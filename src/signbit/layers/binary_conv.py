"""Convolution of signs with signs."""

from typing import final

import torch
from torch import Tensor

from signbit.binarizers import Binarizer
from signbit.layers.arguments import Device, Pair, describe_conv, geometry_of, pair, positive
from signbit.layers.binary_layer import BinaryLayer
from signbit.layers.product import scaled_conv2d


@final
class BinaryConv2d(BinaryLayer):
    """2-D convolution whose input and weight are -1 and +1; the integer first, the scale after.

    Shapes: (N, in_channels, H, W) to (N, out_channels, H', W'), as torch.nn.Conv2d. The input is binarized first and
    padded with `padding_value` after that. In eval mode the product is an exact integer for each output, at most
    in_channels / groups * kernel height * kernel width in magnitude; then comes the weight binarizer's scale, then
    the bias.

    Arguments as torch.nn.Conv2d up to `bias`, which is False by default; the others are keyword-only.

    Args:
        padding: integers, "valid", or "same" if both sides get the same padding.
        padding_value: 0 (a third symbol, which published networks were trained with), +1 or -1.
        padding_mode: must be "zeros", torch's name for constant padding; the constant is `padding_value`.
        input_binarizer: a method's name, a binarizer (which layers may share), or None if the input already holds
            codes; `input_mode` is then the mode of the sign that made them.
        weight_binarizer: a method's name or a binarizer.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.
        TypeError: a binarizer is neither a name nor a Binarizer.
    """

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
        padding_value: int = 0,
        input_binarizer: str | Binarizer | None = "ste_sign",
        weight_binarizer: str | Binarizer = "ste_sign",
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        inputs, outputs = positive("in_channels", in_channels), positive("out_channels", out_channels)
        size = pair("kernel_size", kernel_size, 1)
        geometry = geometry_of((inputs, outputs), size, stride, padding, dilation, groups, padding_value, padding_mode)
        shape = (outputs, inputs // geometry.groups, *size)
        super().__init__(shape, bias, input_binarizer, weight_binarizer, device, dtype)
        self.in_channels, self.out_channels = inputs, outputs
        self.kernel_size, self.geometry = size, geometry

    def forward(self, x: Tensor) -> Tensor:
        """Convolve the codes of x with the codes of the weight, then scale, then add the bias."""
        codes, weight_codes, scale, exact = self.operands(x)
        y = scaled_conv2d(codes, weight_codes, scale, self.geometry, exact=exact)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        channels = (self.in_channels, self.out_channels)
        return describe_conv(channels, self.kernel_size, self.geometry, self.bias is not None)
