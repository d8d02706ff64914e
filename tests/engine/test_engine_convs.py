"""The three convolutions against numpy, exactly, on every instruction set."""

from __future__ import annotations

import numpy as np
import op_references as reference
import pytest
from one_op import SIZES, assert_bits, one_op, packed_mask, random_signs, run_op

from signbit.convert.write import Tensor
from signbit.engine import pack_bits, supported_isas

ISAS = supported_isas()
# kernel, stride, padding, dilation, each (height, width)
GEOMETRIES = [
    ((1, 1), (1, 1), (0, 0), (1, 1)),
    ((3, 3), (1, 1), (1, 1), (1, 1)),
    ((3, 3), (2, 2), (1, 1), (1, 1)),
    ((3, 2), (1, 2), (2, 1), (1, 1)),
    ((3, 3), (1, 1), (2, 2), (2, 2)),
    ((2, 3), (2, 1), (0, 3), (3, 2)),
    ((1, 1), (2, 2), (0, 0), (1, 1)),
    ((5, 5), (3, 3), (4, 4), (1, 1)),
    ((7, 6), (1, 1), (0, 0), (1, 1)),
]
HEIGHT, WIDTH = 7, 6


def out_size(geometry: tuple[tuple[int, int], ...], height: int = HEIGHT, width: int = WIDTH) -> tuple[int, int]:
    k, s, p, d = geometry
    sizes = [(n + 2 * p[i] - d[i] * (k[i] - 1) - 1) // s[i] + 1 for i, n in enumerate((height, width))]
    return sizes[0], sizes[1]


def attributes(geometry: tuple[tuple[int, int], ...]) -> list[int]:
    return [value for pair in geometry for value in pair]


def check_binary(
    seed: int,
    channels: int,
    outputs: int,
    geometry: tuple[tuple[int, int], ...],
    groups: int,
    padding_value: int,
    isa: str,
) -> None:
    print("seed", seed)
    rng = np.random.default_rng(seed)
    k, *_ = geometry
    images = 3
    signs = random_signs(rng, (images, HEIGHT, WIDTH, channels))
    weights = random_signs(rng, (outputs, *k, channels // groups))
    expected = reference.binary_conv(signs, weights, *geometry, groups, padding_value)
    given = [*attributes(geometry), groups, padding_value]
    source = Tensor("x", "bits", HEIGHT, WIDTH, channels)
    size = out_size(geometry)
    words = pack_bits(signs)

    sums = one_op("binary_conv", [source], [Tensor("y", "int32", *size, outputs)], [pack_bits(weights)], given)
    np.testing.assert_array_equal(run_op(sums, [words], isa)[0], expected)

    middle = rng.integers(-3, 4, outputs).astype(np.int32)
    low = np.where(rng.random(outputs) < 0.3, middle - 5, np.iinfo(np.int32).min).astype(np.int32)
    low[rng.random(outputs) < 0.1] = 99
    inverted = rng.random(outputs) < 0.5
    constants = [pack_bits(weights), low, middle, packed_mask(inverted)]
    to_bits = one_op("binary_conv", [source], [Tensor("y", "bits", *size, outputs)], constants, given)
    plus = reference.threshold(expected, low, middle, inverted)
    for threads in (1, 2):
        assert_bits(run_op(to_bits, [words], isa, threads)[0], plus)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("padding_value", [0, 1, -1])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_binary_conv_of_every_geometry(isa: str, padding_value: int, geometry: tuple[tuple[int, int], ...]) -> None:
    check_binary(1, 128, 64, geometry, 1, padding_value, isa)
    check_binary(2, 33, 17, geometry, 1, padding_value, isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("outputs", [1, 17, 64, 65, 130])
@pytest.mark.parametrize("channels", SIZES)
def test_binary_conv_of_every_size(isa: str, channels: int, outputs: int) -> None:
    check_binary(channels, channels, outputs, GEOMETRIES[1], 1, 0, isa)
    check_binary(channels, channels, outputs, GEOMETRIES[0], 1, 0, isa)


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
def test_binary_conv_in_groups(isa: str, channels: int, outputs: int, groups: int, padding_value: int) -> None:
    for geometry in (GEOMETRIES[0], GEOMETRIES[1], GEOMETRIES[4]):
        check_binary(channels, channels, outputs, geometry, groups, padding_value, isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 31, 65])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_integer_conv(isa: str, channels: int, geometry: tuple[tuple[int, int], ...]) -> None:
    rng = np.random.default_rng(channels)
    for outputs in (1, 16, 65, 127):
        pixels = rng.integers(0, 256, (2, HEIGHT, WIDTH, channels)).astype(np.uint8)
        most = min(127, (2**24 - 1) // (128 * geometry[0][0] * geometry[0][1] * channels))  # sums stay below 2^24
        weights = rng.integers(-most, most + 1, (outputs, *geometry[0], channels)).astype(np.int8)
        y = Tensor("y", "int32", *out_size(geometry), outputs)
        x = Tensor("x", "uint8", HEIGHT, WIDTH, channels)
        model = one_op("integer_conv", [x], [y], [weights], attributes(geometry))
        expected = reference.integer_conv(pixels, weights, *geometry)
        np.testing.assert_array_equal(run_op(model, [pixels], isa)[0], expected)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("channels", "outputs", "groups"), [(1, 1, 1), (3, 17, 1), (8, 65, 1), (6, 4, 2), (5, 5, 5)])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_float_conv(isa: str, channels: int, outputs: int, groups: int, geometry: tuple[tuple[int, int], ...]) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    x = reference.awkward_floats(rng, (2, HEIGHT, WIDTH, channels))
    weights = rng.standard_normal((outputs, *geometry[0], channels // groups)).astype(np.float32)
    bias = rng.standard_normal(outputs).astype(np.float32)
    for constants in ([weights], [weights, bias]):
        y = Tensor("y", "float32", *out_size(geometry), outputs)
        source = Tensor("x", "float32", HEIGHT, WIDTH, channels)
        model = one_op("float_conv", [source], [y], constants, [*attributes(geometry), groups])
        with np.errstate(all="ignore"):
            expected = reference.float_conv(x, weights, bias if len(constants) > 1 else None, *geometry, groups)
        np.testing.assert_array_equal(run_op(model, [x], isa)[0], expected)
