"""Products of unscaled codes: exact integers in eval mode, one graph node each, scaled after the product."""

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional

from signbit.layers.pixel_values import check_pixel_dtype, check_pixels

Pair = tuple[int, int]

SAMPLED = 16  # channels of the first image, or rows: enough to notice real values, and too few to be felt

PIXEL_SCALE = 1 / 128  # pixel - 128 lies within -128..127; a power of two, so it rounds nothing

_library: Any = cast(Any, torch.library).Library("signbit", "FRAGMENT")
_library.define(
    "binary_conv2d(Tensor input, Tensor weight, int[2] stride, int[2] padding, int[2] dilation, int groups, "
    "int padding_value) -> Tensor"
)
_library.define("binary_linear(Tensor input, Tensor weight) -> Tensor")
_library.define("integer_conv2d(Tensor pixels, Tensor codes, int[2] stride, int[2] padding, int[2] dilation) -> Tensor")


class Geometry(NamedTuple):
    """How a convolution walks over its input; `padding_value` is what lies outside, after the sign."""

    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int
    padding_value: int


def _pad(input: Tensor, geometry: Geometry) -> tuple[Tensor, Pair]:
    """The input and the padding still to do: zeros are left to the convolution, which has them for free."""
    if geometry.padding_value == 0:
        return input, geometry.padding
    height, width = geometry.padding
    return functional.pad(input, (width, width, height, height), value=float(geometry.padding_value)), (0, 0)


def _plain_conv2d(input: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    padded, padding = _pad(input, geometry)
    return functional.conv2d(padded, weight, None, geometry.stride, padding, geometry.dilation, geometry.groups)


def _wide(tensor: Tensor) -> Tensor:
    """float32 for the short floats: bfloat16 and half hold integers only up to 256 and 2,048."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def _exactly(tensor: Tensor) -> AbstractContextManager[object]:
    """No autocast, which would give the products of integers to bfloat16."""
    device = tensor.device.type
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()


def warn_of_real_values(sample: Tensor) -> None:
    """Warn that a product of real values is about to be rounded.

    This is not an error: `convert` refuses such a layer by name, and `signbit summary` counts it as real-valued.
    """
    real = sample[sample != sample.round()]
    if real.numel():
        warnings.warn(
            f"a binary layer in mode 'binary' was given {real[0].item():.6g}, which is not a code, and rounds its "
            "products: the sign before it is missing or in another mode; set both modes with signbit.layers.set_modes "
            "or the layer's input_mode, or give the layer an input_binarizer",
            stacklevel=2,
        )


# round(): Winograd and FFT convolutions return 3.9999995 for 4.
def _binary_conv2d(
    input: Tensor,
    weight: Tensor,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
    padding_value: int,
) -> Tensor:
    geometry = Geometry(_pair(stride), _pair(padding), _pair(dilation), groups, padding_value)
    with _exactly(input):
        return _plain_conv2d(_wide(input), _wide(weight), geometry).round()


def _binary_linear(input: Tensor, weight: Tensor) -> Tensor:
    with _exactly(input):
        return functional.linear(_wide(input), _wide(weight)).round()


def _integer_conv2d(
    pixels: Tensor, codes: Tensor, stride: list[int], padding: list[int], dilation: list[int]
) -> Tensor:
    check_pixels(pixels)
    return _of_pixels(pixels, codes, stride, padding, dilation)


def _integer_conv2d_of_a_capture(
    pixels: Tensor, codes: Tensor, stride: list[int], padding: list[int], dilation: list[int]
) -> Tensor:
    check_pixel_dtype(pixels)  # there are no values to look at
    return _of_pixels(pixels, codes, stride, padding, dilation)


def _of_pixels(pixels: Tensor, codes: Tensor, stride: list[int], padding: list[int], dilation: list[int]) -> Tensor:
    # 255 * 127 * 147 < 2^24: float32 is exact in any order of summation.
    centred = pixels.float() - 128
    with _exactly(centred):
        return functional.conv2d(centred, codes.float(), None, stride, padding, dilation).round()


def _pair(values: list[int]) -> Pair:
    first, *rest = values
    return first, rest[0] if rest else first


def _watched_binary_conv2d(
    input: Tensor,
    weight: Tensor,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
    padding_value: int,
) -> Tensor:
    warn_of_real_values(input[:1, :SAMPLED])
    return _binary_conv2d(input, weight, stride, padding, dilation, groups, padding_value)


def _watched_binary_linear(input: Tensor, weight: Tensor) -> Tensor:
    warn_of_real_values(input.reshape(-1, input.shape[-1])[:SAMPLED])
    return _binary_linear(input, weight)


_library.impl("binary_conv2d", _binary_conv2d, "CompositeExplicitAutograd")
_library.impl("binary_linear", _binary_linear, "CompositeExplicitAutograd")
# The CPU alone looks at values: a GPU would have to be waited for, and a capture has none.
_library.impl("binary_conv2d", _watched_binary_conv2d, "CPU")
_library.impl("binary_linear", _watched_binary_linear, "CPU")
_library.impl("integer_conv2d", _integer_conv2d, "CompositeExplicitAutograd")
_library.impl("integer_conv2d", _integer_conv2d_of_a_capture, "Meta")


def _by_channel(scale: Tensor | None) -> Tensor | None:
    """The scale of each output channel, for products (..., out, height, width)."""
    return None if scale is None else scale.reshape(-1, 1, 1)


def _scaled(product: Tensor, scale: Tensor | None) -> Tensor:
    return product if scale is None else product * scale


def _scale_gradient(ctx: Any, codes_grad: Tensor | None, codes: Tensor, scale: Tensor | None) -> Tensor | None:
    """y = product(x, codes) * scale, so dL/dscale is codes_grad . codes, filter by filter."""
    if scale is None or codes_grad is None or not ctx.needs_input_grad[2]:
        return None
    return (codes_grad * codes).flatten(1).sum(1, dtype=scale.dtype)


class _ScaledConv2d(torch.autograd.Function):
    """conv2d(x, codes) * scale, where the codes receive the gradient of `scale * codes`.

    Ordinary autograd would multiply that gradient by the scale once more; published rules differ in just this
    factor, so it is left to the binarizer (`Binarizer.latent_gradient`).
    """

    @staticmethod
    def forward(x: Tensor, codes: Tensor, scale: Tensor | None, geometry: Geometry, exact: bool) -> Tensor:
        if exact:
            return _scaled(torch.ops.signbit.binary_conv2d(x, codes, *geometry), _by_channel(scale))
        return _scaled(_plain_conv2d(x, codes, geometry), _by_channel(scale))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, codes, scale, ctx.geometry, _ = inputs
        ctx.save_for_backward(x, codes, scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, codes, scale = ctx.saved_tensors
        x_grad, codes_grad = _conv2d_gradients(ctx, grad, x, codes, scale, ctx.geometry)
        return x_grad, codes_grad, _scale_gradient(ctx, codes_grad, codes, scale), None, None


def _conv2d_gradients(
    ctx: Any, grad: Tensor, x: Tensor, codes: Tensor, scale: Tensor | None, geometry: Geometry
) -> tuple[Tensor | None, Tensor | None]:
    padded, padding = _pad(x, geometry)
    want_x, want_codes = ctx.needs_input_grad[0], ctx.needs_input_grad[1] or ctx.needs_input_grad[2]

    def gradients(grad: Tensor, of_x: bool, of_codes: bool) -> tuple[Tensor | None, Tensor | None]:
        if not (of_x or of_codes):
            return None, None
        stride, dilation, groups = geometry.stride, geometry.dilation, geometry.groups
        mask = (of_x, of_codes, False)
        found = torch.ops.aten.convolution_backward(
            grad, padded, codes, None, stride, padding, dilation, False, (0, 0), groups, mask
        )
        return found[0], found[1]

    # Under autocast the operands are short, and the scale and with it `grad` float32: the kernels want one dtype.
    unscaled = grad.to(codes.dtype)
    if scale is None:
        x_grad, codes_grad = gradients(unscaled, want_x, want_codes)
    else:
        x_grad = gradients(_scaled(grad, _by_channel(scale)).to(codes.dtype), want_x, False)[0]
        codes_grad = gradients(unscaled, False, want_codes)[1]
    if x_grad is not None and padding != geometry.padding:
        height, width = geometry.padding
        x_grad = x_grad[..., height : height + x.shape[-2], width : width + x.shape[-1]]
    return x_grad, codes_grad


class _ScaledLinear(torch.autograd.Function):
    """linear(x, codes) * scale, where the codes receive the gradient of `scale * codes`."""

    @staticmethod
    def forward(x: Tensor, codes: Tensor, scale: Tensor | None, exact: bool) -> Tensor:
        return _scaled(torch.ops.signbit.binary_linear(x, codes) if exact else functional.linear(x, codes), scale)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:3])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, codes, scale = ctx.saved_tensors
        x_grad = codes_grad = None
        if ctx.needs_input_grad[0]:
            x_grad = _scaled(grad, scale).to(codes.dtype) @ codes
        if ctx.needs_input_grad[1] or ctx.needs_input_grad[2]:
            codes_grad = grad.to(x.dtype).reshape(-1, grad.shape[-1]).T @ x.reshape(-1, x.shape[-1])
        return x_grad, codes_grad, _scale_gradient(ctx, codes_grad, codes, scale), None


class _IntegerConv2d(torch.autograd.Function):
    """integer_conv2d(pixels, codes) / 128 * scale, where the codes receive the gradient of `scale * codes`."""

    @staticmethod
    def forward(pixels: Tensor, codes: Tensor, scale: Tensor, geometry: Geometry) -> Tensor:
        product = torch.ops.signbit.integer_conv2d(pixels, codes, geometry.stride, geometry.padding, geometry.dilation)
        y = _scaled(product, _by_channel(_wide(scale) * PIXEL_SCALE))  # 1/128 of a step may be 0 in half precision
        return y if y.dtype == scale.dtype else y.to(scale.dtype)  # the weight's, as a norm that follows expects

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pixels, codes, scale, ctx.geometry = inputs
        ctx.save_for_backward(pixels, codes, scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        pixels, codes, scale = ctx.saved_tensors
        centred = (pixels.to(codes.dtype) - 128) * PIXEL_SCALE
        x_grad, codes_grad = _conv2d_gradients(ctx, grad, centred, codes, scale, ctx.geometry)
        pixels_grad = None if x_grad is None else x_grad * PIXEL_SCALE
        return pixels_grad, codes_grad, _scale_gradient(ctx, codes_grad, codes, scale), None


def _autocast(tensor: Tensor) -> Tensor:
    """In the dtype that autocast would give a product, so that what is saved for the backward pass has it too."""
    kind = tensor.device.type
    if tensor.is_meta or not torch.is_autocast_enabled(kind):  # torch has no autocast of the meta device
        return tensor
    if tensor.dtype == torch.float64:  # which autocast leaves alone
        return tensor
    return tensor.to(torch.get_autocast_dtype(kind))


def scaled_conv2d(x: Tensor, codes: Tensor, scale: Tensor | None, geometry: Geometry, *, exact: bool) -> Tensor:
    """Convolution of codes, times the `scale` (out,) of each channel; if exact, it is an integer before the scale.

    Shapes: (N, in, height, width), or (in, height, width) as torch.nn.Conv2d takes it.
    """
    if x.dim() == 3:
        return scaled_conv2d(x[None], codes, scale, geometry, exact=exact)[0]
    if not exact:
        x, codes = _autocast(x), _autocast(codes)
    return cast(Tensor, _ScaledConv2d.apply(x, codes, scale, geometry, exact))  # type: ignore[no-untyped-call]


def scaled_linear(x: Tensor, codes: Tensor, scale: Tensor | None, *, exact: bool) -> Tensor:
    """Product of codes (..., in) and (out, in), times `scale` (out,); an exact one holds integers before the scale."""
    if not exact:
        x, codes = _autocast(x), _autocast(codes)
    return cast(Tensor, _ScaledLinear.apply(x, codes, scale, exact))  # type: ignore[no-untyped-call]


def scaled_integer_conv2d(pixels: Tensor, codes: Tensor, scale: Tensor, geometry: Geometry) -> Tensor:
    """Convolution of (pixels - 128) / 128 with integer codes, padded with 0, times `scale` (out,); integers first."""
    if pixels.dim() == 3:
        return scaled_integer_conv2d(pixels[None], codes, scale, geometry)[0]
    return cast(Tensor, _IntegerConv2d.apply(pixels, codes, scale, geometry))  # type: ignore[no-untyped-call]
