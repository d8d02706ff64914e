"""Sums of pixels times whole numbers, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import WINDOWS, check_op
from signbit.engine import supported_isas
from signbit.modelfile import Tensor
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.window import Window

HEIGHT, WIDTH = 7, 6


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 31, 65])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_geometry(isa: str, channels: int, window: Window) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    x = Tensor("x", "uint8", HEIGHT, WIDTH, channels)
    for outputs in (1, 16, 65, 127):
        pixels = rng.integers(0, 256, (2, *x.shape)).astype(np.uint8)
        most = min(127, (2**24 - 1) // (128 * window.taps * channels))  # sums stay below 2^24
        weights = rng.integers(-most, most + 1, (outputs, *window.kernel, channels)).astype(np.int8)
        y = Tensor("y", "int32", *window.output_size(HEIGHT, WIDTH), outputs)
        check_op(IntegerConv("stem", (0,), (1,), weights, window), [x, y], [pixels], isa)


def test_the_reference_by_hand() -> None:
    """A tap outside of the image adds nothing, which is a pixel of 128."""
    pixels = np.uint8([0, 255]).reshape(1, 1, 2, 1)
    op = IntegerConv("", (0,), (1,), np.int8([3, -2]).reshape(1, 1, 2, 1), Window((1, 2), padding=(0, 1)))
    (sums,) = op.reference([pixels], [])
    np.testing.assert_array_equal(sums.ravel(), [-2 * -128, 3 * -128 - 2 * 127, 3 * 127])


def test_the_least_and_the_largest_sum() -> None:
    op = IntegerConv("", (0,), (1,), np.int8([[2, -1]]).reshape(1, 1, 1, 2), Window((1, 1)))
    (reach,) = op.output_ranges([], [])
    sums = op.reference([np.uint8([[0, 255], [255, 0]]).reshape(1, 1, 2, 2)], [])[0].ravel()
    assert [reach.least.tolist(), reach.most.tolist()] == [[sums[0]], [sums[1]]] == [[-383], [382]]
