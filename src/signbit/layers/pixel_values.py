"""Check pixel values: whole numbers from 0 to 255, not the floats of ToTensor and Normalize."""

import torch
from torch import Tensor

_ADVICE = (
    "leave ToTensor and Normalize out (PILToTensor gives uint8), or replace IntegerConv2d by signbit.layers.Normalize "
    "and torch.nn.Conv2d"
)


def check_pixel_dtype(pixels: Tensor) -> None:
    """Refuse dtypes that cannot hold pixels.

    Raises:
        ValueError: the dtype is bool or complex.
    """
    if pixels.dtype == torch.bool or pixels.is_complex():
        raise ValueError(f"the pixels are {pixels.dtype}; give uint8, or whole numbers from 0 to 255 of another dtype")


def check_pixels(pixels: Tensor) -> None:
    """Refuse values that are not pixels; the check is free for uint8, and one pass over the values otherwise.

    Raises:
        ValueError: a value is not a whole number from 0 to 255; the message says what was given and what to do.
    """
    check_pixel_dtype(pixels)
    if pixels.dtype == torch.uint8 or pixels.numel() == 0:
        return
    # NaN compares false everywhere. One comparison reaches the host, so a GPU is waited for once.
    if not bool(((pixels >= 0) & (pixels <= 255) & (pixels == pixels.round())).all()):
        raise ValueError(
            f"the pixels are {_described(pixels)}; IntegerConv2d takes uint8, or whole numbers from 0 to 255: {_ADVICE}"
        )


def _described(pixels: Tensor) -> str:
    nan = " with NaN" if pixels.isnan().any() else ""
    known = pixels[~pixels.isnan()]
    span = f" from {known.min().item():.6g} to {known.max().item():.6g}" if known.numel() else ""
    whole = ", not all of them whole numbers" if known.numel() and not bool((known == known.round()).all()) else ""
    return f"{pixels.dtype}{span}{nan}{whole}"
