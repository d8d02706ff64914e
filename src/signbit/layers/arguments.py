"""Checks of layer arguments: each message says what was given, what is allowed and what to do."""

from collections.abc import Iterable

from signbit import binarizers
from signbit.binarizers import Binarizer
from signbit.layers.product import Geometry

PADDING_VALUES = (0, 1, -1)


def pair(name: str, value: int | Iterable[int], at_least: int) -> tuple[int, int]:
    """Height and width from an integer or a pair of them.

    Raises:
        ValueError: the value is something else, or below `at_least`.
    """
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) != 2 or not all(isinstance(v, int) and v >= at_least for v in values):
        raise ValueError(f"{name} is {value!r}; give an integer or a pair of integers of at least {at_least}")
    return values[0], values[1]


def positive(name: str, value: int) -> int:
    """The value itself.

    Raises:
        ValueError: it is not an integer of at least 1.
    """
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is {value!r}; give an integer of at least 1")
    return value


def groups_of(in_channels: int, out_channels: int, groups: int) -> int:
    """The number of groups.

    Raises:
        ValueError: it does not divide both channel counts.
    """
    positive("groups", groups)
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
    if value not in PADDING_VALUES:
        raise ValueError(
            f"padding_value is {value!r}; give 0 (as published networks were trained), 1 or -1 (no third symbol)"
        )
    return value


def geometry_of(
    channels: tuple[int, int],
    stride: int | tuple[int, int],
    padding: int | tuple[int, int],
    dilation: int | tuple[int, int],
    groups: int,
    padding_value: int,
) -> Geometry:
    """How a convolution of (in, out) channels walks over its input.

    Raises:
        ValueError: an argument is outside its range.
    """
    inputs, outputs = positive("in_channels", channels[0]), positive("out_channels", channels[1])
    return Geometry(
        pair("stride", stride, 1),
        pair("padding", padding, 0),
        pair("dilation", dilation, 1),
        groups_of(inputs, outputs, groups),
        padding_value_of(padding_value),
    )


def describe_conv(channels: tuple[int, int], kernel_size: tuple[int, int], geometry: Geometry, bias: bool) -> str:
    """The arguments, for print(model)."""
    g = geometry
    return (
        f"{channels[0]}, {channels[1]}, kernel_size={kernel_size}, stride={g.stride}, padding={g.padding}, "
        f"dilation={g.dilation}, groups={g.groups}, bias={bias}, padding_value={g.padding_value}"
    )


def binarizer_of(given: str | Binarizer) -> Binarizer:
    """The binarizer itself, or a new one of the method of that name.

    Raises:
        ValueError: there is no such method.
        TypeError: it is neither a name nor a binarizer.
    """
    if isinstance(given, str):
        return binarizers.create(given)
    if not isinstance(given, Binarizer):
        raise TypeError(
            f"a binarizer is {given!r}; give a Binarizer or one of the names {', '.join(binarizers.names())}"
        )
    return given
