"""First layer on pixels as they are: integers in, integers out, in training as in the engine."""

import math
from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers.arguments import Device, Pair, binarizer_of, factory, geometry_of, pair, positive
from signbit.layers.binary_layer import reset_as_torch
from signbit.layers.product import scaled_integer_conv2d

CODE_LIMIT = 127
DEPTH_LIMIT = 2**24 // (128 * CODE_LIMIT)  # taps times channels for which float32 holds every partial sum


class _RoundWithIdentity(torch.autograd.Function):
    """round(weight / step) forwards; backwards the codes' gradient is that of step * codes, so the identity."""

    @staticmethod
    def forward(weight: Tensor, step: Tensor) -> Tensor:
        return (weight / step).round().clamp(-CODE_LIMIT, CODE_LIMIT)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


@final
class IntegerConv2d(nn.Module):
    """2-D convolution of uint8 pixels with integer weights: y = conv(pixel - 128, codes) / 128 * scale.

    Shapes: (N, in_channels, H, W) to (N, out_channels, H', W'); uint8, or another dtype that holds whole numbers from 0
    to 255. Inputs that are not uint8 are checked on every call, at the cost of one pass over the values: the output of
    ToTensor and Normalize would look like black images, and the network would learn nothing. Padding is 0 after the
    subtraction.

    The codes are round(W / s), from -127 to 127, with s = max |W| / 127 of each filter; the rounding has the identity
    as its gradient. The scale is s, so y is the convolution of pixels from -1 to 1 with W. The product before the scale
    is an exact integer, in training too.

    Arguments as torch.nn.Conv2d up to `bias`, which is False by default; the others are keyword-only.

    Args:
        padding: integers, "valid", or "same" if both sides get the same padding.
        groups: must be 1.
        padding_mode: must be "zeros".
        weight_binarizer: a method's name or a binarizer; the codes are then -1 and +1, and the scale is that of the
            binarizer. In any mode but `binary`, the codes are computed as without it.

    Raises:
        ValueError: an argument is outside its range, or a filter has more values than float32 can sum exactly; in
            forward, if a pixel is not a whole number from 0 to 255.
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
        weight_binarizer: str | Binarizer | None = None,
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = positive("in_channels", in_channels)
        self.out_channels = positive("out_channels", out_channels)
        self.kernel_size = pair("kernel_size", kernel_size, 1)
        if positive("groups", groups) != 1:
            raise ValueError(f"groups is {groups}; give 1: IntegerConv2d has no groups, torch.nn.Conv2d has")
        channels = (self.in_channels, self.out_channels)
        self.geometry = geometry_of(channels, self.kernel_size, stride, padding, dilation, 1, 0, padding_mode)
        depth = self.in_channels * math.prod(self.kernel_size)
        if depth > DEPTH_LIMIT:
            raise ValueError(f"a filter has {depth} values; give at most {DEPTH_LIMIT}, or use torch.nn.Conv2d")
        made = factory(device, dtype)
        self.weight_binarizer = None if weight_binarizer is None else binarizer_of(weight_binarizer, **made)
        self.roles: Mapping[str, str] = {"weight": "real" if weight_binarizer is None else "latent_weight"}
        shape = (self.out_channels, self.in_channels, *self.kernel_size)
        if self.weight_binarizer is not None:
            self.weight_binarizer.check_weight(shape)
        self.weight = nn.Parameter(torch.empty(shape, **made))
        self.bias = nn.Parameter(torch.empty(self.out_channels, **made)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise as torch.nn.Conv2d does."""
        reset_as_torch(self.weight, self.bias)

    def codes_and_scale(self) -> tuple[Tensor, Tensor]:
        """Integer codes (out, in, height, width) and the scale of each output channel (out,)."""
        if self.weight_binarizer is None or self.weight_binarizer.mode != "binary":
            largest = self.weight.detach().abs().flatten(1).amax(1)
            # A filter of zeros has codes of zeros under any step; the floor keeps 0 / 0 out.
            step = largest.clamp_min(torch.finfo(largest.dtype).tiny * CODE_LIMIT) / CODE_LIMIT
            codes = _RoundWithIdentity.apply(self.weight, step.reshape(-1, 1, 1, 1))  # type: ignore[no-untyped-call]
            return codes, step
        scale = self.weight_binarizer.scale(self.weight)
        ones = torch.ones(self.out_channels, dtype=self.weight.dtype, device=self.weight.device)
        return self.weight_binarizer(self.weight), ones if scale is None else scale

    def forward(self, pixels: Tensor) -> Tensor:
        """Convolve the pixels less 128 with the codes, then divide by 128 and scale, then add the bias."""
        codes, scale = self.codes_and_scale()
        y = scaled_integer_conv2d(pixels, codes, scale, self.geometry)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        g = self.geometry
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={g.stride}, "
            f"padding={g.padding}, dilation={g.dilation}, bias={self.bias is not None}"
        )
