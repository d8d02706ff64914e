"""Convolution of signs with signs."""

import math
from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers.arguments import binarizer_of, groups_of, padding_value_of, pair, positive
from signbit.layers.product import Geometry, scaled_conv2d


@final
class BinaryConv2d(nn.Module):
    """2-D convolution whose input and weight are -1 and +1; the integer first, the scale after.

    Shapes: (N, in_channels, H, W) to (N, out_channels, H', W'), as torch.nn.Conv2d. The input is binarized first and
    padded with `padding_value` after that. In eval mode the product is an exact integer for each output, at most
    in_channels / groups * kernel height * kernel width in magnitude; then comes the weight binarizer's scale, then
    the bias.

    Args:
        padding_value: 0 (a third symbol, which published networks were trained with), +1 or -1.
        input_binarizer: a method's name, a binarizer (which layers may share), or None where the input holds codes
            already (in eval mode the product is rounded, so real values will not do).
        weight_binarizer: a method's name or a binarizer.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.
        TypeError: a binarizer is neither a name nor a Binarizer.
    """

    roles: ClassVar[Mapping[str, str]] = {"weight": "latent_weight"}

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
        padding_value: int = 0,
        input_binarizer: str | Binarizer | None = "ste_sign",
        weight_binarizer: str | Binarizer = "ste_sign",
    ) -> None:
        super().__init__()
        self.in_channels = positive("in_channels", in_channels)
        self.out_channels = positive("out_channels", out_channels)
        self.kernel_size = pair("kernel_size", kernel_size, 1)
        self.geometry = Geometry(
            pair("stride", stride, 1),
            pair("padding", padding, 0),
            pair("dilation", dilation, 1),
            groups_of(in_channels, out_channels, groups),
            padding_value_of(padding_value),
        )
        self.input_binarizer = None if input_binarizer is None else binarizer_of(input_binarizer)
        self.weight_binarizer = binarizer_of(weight_binarizer)
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *self.kernel_size))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise as torch.nn.Conv2d does."""
        bound = 1 / math.sqrt(self.weight[0].numel())
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve the codes of x with the codes of the weight, then scale, then add the bias."""
        codes = x if self.input_binarizer is None else self.input_binarizer(x)
        real = self.weight_binarizer.mode != "binary"
        scale = None if real else self.weight_binarizer.scale(self.weight)
        y = scaled_conv2d(codes, self.weight_binarizer(self.weight), scale, self.geometry, exact=self._exact())
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)

    def _exact(self) -> bool:
        both = (self.input_binarizer, self.weight_binarizer)
        return not self.training and all(b is None or b.mode == "binary" for b in both)

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        g = self.geometry
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={g.stride}, "
            f"padding={g.padding}, dilation={g.dilation}, groups={g.groups}, bias={self.bias is not None}, "
            f"padding_value={g.padding_value}"
        )
