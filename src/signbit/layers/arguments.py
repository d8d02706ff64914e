"""Checks of layer arguments: each message says what was given, what is allowed and what to do."""

import operator
from collections.abc import Sequence
from typing import Any

import torch

from signbit import binarizers
from signbit.binarizers import Binarizer
from signbit.layers.product import Geometry

Device = torch.device | str | int | None
Pair = int | tuple[int, int]

PADDING_VALUES = (0, 1, -1)


def _whole(value: object) -> int | None:
    """The value as an int: Python, numpy and torch integers, but neither bool nor float."""
    if isinstance(value, bool) or getattr(value, "dtype", None) == torch.bool:
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def pair(name: str, value: int | Sequence[int], at_least: int) -> tuple[int, int]:
    """Height and width from an integer or a pair of them.

    Raises:
        ValueError: the value is something else, or below `at_least`.
    """
    single = _whole(value)
    given = [_whole(v) for v in value] if single is None and isinstance(value, Sequence) else [single, single]
    found = [whole for whole in given if whole is not None and whole >= at_least]
    if not len(given) == len(found) == 2:
        raise ValueError(f"{name} is {value!r}; give an integer or a pair of integers of at least {at_least}")
    return found[0], found[1]


def positive(name: str, value: int) -> int:
    """The value as an int.

    Raises:
        ValueError: it is not an integer of at least 1.
    """
    whole = _whole(value)
    if whole is None or whole < 1:
        raise ValueError(f"{name} is {value!r}; give an integer of at least 1")
    return whole


def padding_of(
    padding: str | int | Sequence[int], kernel_size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns to add on each side; `valid` adds none, `same` keeps the size of the input.

    Raises:
        ValueError: the padding is something else, or `same` with a stride or with a kernel that needs one more row or
            column on one side than on the other.
    """
    if not isinstance(padding, str):
        return pair("padding", padding, 0)
    if padding == "valid":
        return 0, 0
    if padding != "same":
        raise ValueError(f"padding is {padding!r}; give 'same', 'valid', an integer or a pair of at least 0")
    if stride != (1, 1):
        raise ValueError(f"padding is 'same' with stride {stride}; give a stride of 1, or the padding as integers")
    height, width = (d * (size - 1) for size, d in zip(kernel_size, dilation, strict=True))
    if height % 2 or width % 2:
        raise ValueError(
            f"padding is 'same' with kernel_size {kernel_size} and dilation {dilation}, which needs one more row or "
            "column on one side than on the other; give an odd kernel_size, or use torch.nn.functional.pad before the "
            "layer"
        )
    return height // 2, width // 2


def check_padding_mode(padding_mode: str) -> None:
    """Refuse padding modes that copy the input.

    Raises:
        ValueError: it is not `zeros`.
    """
    if padding_mode != "zeros":
        raise ValueError(
            f"padding_mode is {padding_mode!r}; give 'zeros', with padding_value if the layer has one, or use "
            "torch.nn.functional.pad(x, ..., mode=...) before a layer with padding 0"
        )


def factory(device: Device, dtype: torch.dtype | None) -> dict[str, Any]:
    """The keyword arguments for torch's functions that create a tensor.

    Raises:
        ValueError: the dtype is not floating-point.
    """
    if dtype is not None and not dtype.is_floating_point:
        raise ValueError(f"dtype is {dtype}; give a floating-point dtype: latent weights are real")
    return {"device": device, "dtype": dtype}


def groups_of(in_channels: int, out_channels: int, groups: int) -> int:
    """The number of groups.

    Raises:
        ValueError: it does not divide both channel counts.
    """
    groups = positive("groups", groups)
    if in_channels % groups or out_channels % groups:
        raise ValueError(
            f"groups is {groups}, with in_channels {in_channels} and out_channels {out_channels}; "
            "give a number that divides both"
        )
    return groups


def padding_value_of(value: int) -> int:
    """The padding value.

    Raises:
        ValueError: it is not 0, 1 or -1.
    """
    whole = _whole(value)
    if whole not in PADDING_VALUES:
        raise ValueError(
            f"padding_value is {value!r}; give 0 (as published networks were trained), 1 or -1 (no third symbol)"
        )
    return whole


def geometry_of(
    channels: tuple[int, int],
    kernel_size: tuple[int, int],
    stride: Pair,
    padding: str | Pair,
    dilation: Pair,
    groups: int,
    padding_value: int,
    padding_mode: str,
) -> Geometry:
    """How a convolution of (in, out) channels walks over its input.

    Raises:
        ValueError: an argument is outside its range.
    """
    check_padding_mode(padding_mode)
    strides, dilations = pair("stride", stride, 1), pair("dilation", dilation, 1)
    return Geometry(
        strides,
        padding_of(padding, kernel_size, strides, dilations),
        dilations,
        groups_of(*channels, groups),
        padding_value_of(padding_value),
    )


def describe_conv(channels: tuple[int, int], kernel_size: tuple[int, int], geometry: Geometry, bias: bool) -> str:
    """The arguments, for print(model)."""
    g = geometry
    return (
        f"{channels[0]}, {channels[1]}, kernel_size={kernel_size}, stride={g.stride}, padding={g.padding}, "
        f"dilation={g.dilation}, groups={g.groups}, bias={bias}, padding_value={g.padding_value}"
    )


def binarizer_of(given: str | Binarizer, device: Device = None, dtype: torch.dtype | None = None) -> Binarizer:
    """The given binarizer, or a new one of the named method, with the given device and dtype.

    Raises:
        ValueError: there is no such method.
        TypeError: it is neither a name nor a binarizer.
    """
    if isinstance(given, str):
        return binarizers.create(given).to(device=device, dtype=dtype)
    if not isinstance(given, Binarizer):
        raise TypeError(
            f"a binarizer is {given!r}; give a Binarizer or one of the names {', '.join(binarizers.names())}"
        )
    return given
