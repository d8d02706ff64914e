"""Sums of signs, and their signs, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import SIZES, WINDOWS, check_op, random_signs
from signbit.engine import pack_bits, supported_isas
from signbit.modelfile import Tensor
from signbit.modelfile.bits import unpack_signs
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.thresholds import LOWEST, Intervals
from signbit.modelfile.ops.window import Window

ISAS = supported_isas()
HEIGHT, WIDTH = 7, 6


def random_intervals(rng: np.random.Generator, channels: int) -> Intervals:
    """Some of one threshold, some of two, some empty."""
    high = rng.integers(-3, 4, channels).astype(np.int32)
    low = np.where(rng.random(channels) < 0.3, high - 5, LOWEST).astype(np.int32)
    low[rng.random(channels) < 0.1] = 99
    return Intervals(low, high, rng.random(channels) < 0.5)


def check(seed: int, channels: int, outputs: int, window: Window, groups: int, padding_value: int, isa: str) -> None:
    print("seed", seed)
    rng = np.random.default_rng(seed)
    signs = random_signs(rng, (3, HEIGHT, WIDTH, channels))
    weights = pack_bits(random_signs(rng, (outputs, *window.kernel, channels // groups)))
    x, size = Tensor("x", "bits", HEIGHT, WIDTH, channels), window.output_size(HEIGHT, WIDTH)
    sums = BinaryConv("conv", (0,), (1,), weights, window, groups, padding_value)
    check_op(sums, [x, Tensor("y", "int32", *size, outputs)], [signs], isa)
    intervals = random_intervals(rng, outputs)
    to_bits = BinaryConv("conv", (0,), (1,), weights, window, groups, padding_value, intervals)
    check_op(to_bits, [x, Tensor("y", "bits", *size, outputs)], [signs], isa, threads=(1, 2))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("padding_value", [0, 1, -1])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_geometry(isa: str, padding_value: int, window: Window) -> None:
    check(1, 128, 64, window, 1, padding_value, isa)
    check(2, 33, 17, window, 1, padding_value, isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("outputs", [1, 17, 64, 65, 130])
@pytest.mark.parametrize("channels", SIZES)
def test_every_size(isa: str, channels: int, outputs: int) -> None:
    check(channels, channels, outputs, WINDOWS[1], 1, 0, isa)
    check(channels, channels, outputs, WINDOWS[0], 1, 0, isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("channels", "outputs", "groups"),
    [
        (128, 128, 2),
        (256, 128, 2),
        (6, 4, 2),
        (64, 64, 64),
        (96, 96, 3),
        (130, 20, 10),
        (192, 256, 2),
        (128, 65 * 2, 2),
    ],
)
@pytest.mark.parametrize("padding_value", [0, 1, -1])
def test_groups(isa: str, channels: int, outputs: int, groups: int, padding_value: int) -> None:
    for window in (WINDOWS[0], WINDOWS[1], WINDOWS[4]):
        check(channels, channels, outputs, window, groups, padding_value, isa)


def test_the_reference_by_hand() -> None:
    """Three signs in a row under a window of two: outside of the image a tap counts as the padding value."""
    signs = np.int8([1, -1, -1]).reshape(1, 1, 3, 1)
    weights = pack_bits(np.int8([1, -1]).reshape(1, 1, 2, 1))
    window = Window((1, 2), padding=(0, 1))
    output = Tensor("y", "int32", 1, 4, 1)
    for padding_value, expected in ((0, [-1, 2, 0, -1]), (1, [0, 2, 0, -2]), (-1, [-2, 2, 0, 0])):
        (sums,) = BinaryConv("", (0,), (1,), weights, window, 1, padding_value).reference([signs], [output])
        np.testing.assert_array_equal(sums.ravel(), expected)


def test_the_reference_in_a_loop() -> None:
    rng = np.random.default_rng(5)
    signs, weights = random_signs(rng, (1, 5, 4, 6)), pack_bits(random_signs(rng, (4, 3, 2, 3)))
    window = Window((3, 2), stride=(2, 1), padding=(1, 1), dilation=(2, 1))
    height, width = window.output_size(5, 4)
    (sums,) = BinaryConv("", (0,), (1,), weights, window, 2, 1).reference([signs], [])
    for y, x, o in np.ndindex(height, width, 4):
        total = 0
        for ky, kx, c in np.ndindex(3, 2, 3):
            row, column = 2 * y - 1 + 2 * ky, x - 1 + kx
            inside = 0 <= row < 5 and 0 <= column < 4
            sign = signs[0, row, column, o // 2 * 3 + c] if inside else 1
            total += int(sign) * int(unpack_signs(weights, 3)[o, ky, kx, c])
        assert sums[0, y, x, o] == total
