"""The ops that are no convolution against numpy, exactly, on every instruction set."""

from __future__ import annotations

import itertools

import numpy as np
import op_references as reference
import pytest
from one_op import SIZES, assert_bits, one_op, packed_mask, random_signs, run_op, step

from signbit.convert.write import Tensor
from signbit.engine import pack_bits, supported_isas, unpack_bits

ISAS = supported_isas()
LARGEST = 2**24 - 1
SMALLEST_INT32, LARGEST_INT32 = np.iinfo(np.int32).min, np.iinfo(np.int32).max


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", SIZES)
def test_threshold(isa: str, channels: int) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    n = rng.integers(-5, 6, (2, 3, 2, channels)).astype(np.int32)
    n[rng.random(n.shape) < 0.1] = LARGEST
    n[rng.random(n.shape) < 0.1] = -LARGEST
    low, high = rng.integers(-4, 4, (2, channels)).astype(np.int32)  # half of them empty
    low[rng.random(channels) < 0.2] = SMALLEST_INT32
    high[rng.random(channels) < 0.2] = LARGEST_INT32
    inverted = rng.random(channels) < 0.5
    x, y = Tensor("x", "int32", 3, 2, channels), Tensor("y", "bits", 3, 2, channels)
    model = one_op("threshold", [x], [y], [low, high, packed_mask(inverted)])
    plus = reference.threshold(n, low, high, inverted)
    assert_bits(run_op(model, [n], isa)[0], plus)

    first, length, tables = -3, 7, 2
    rows = rng.integers(-1, tables, channels).astype(np.int32)
    table = rng.random((tables, length)) < 0.5  # true is -1
    constants = [low, high, packed_mask(inverted), rows, packed_mask(table)]
    model = one_op("threshold", [x], [y], constants, [first, length])
    place = np.clip(n.astype(np.int64) - first, 0, length - 1)
    plus = np.where(rows >= 0, ~table[np.maximum(rows, 0), place], plus)
    assert_bits(run_op(model, [n], isa)[0], plus)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", SIZES)
@pytest.mark.parametrize("name", list(reference.STEPS))
def test_each_step(isa: str, name: str, channels: int) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    a, b, c = (reference.awkward_floats(rng, (1, 3, 2, channels)) for _ in range(3))
    tensors = [Tensor(letter, "float32", 3, 2, channels) for letter in "abc"]
    outputs = [Tensor("y", "float32", 3, 2, channels), Tensor("sign", "bits", 3, 2, channels)]
    operands = {"fma": 3, "sigmoid": 1, "silu": 1}.get(name, 2)
    model = one_op("pointwise", tensors, outputs, [], [1, *step(name, *[0, 1, 2][:operands]), 3, 3])
    y, sign = run_op(model, [a, b, c], isa)
    with np.errstate(all="ignore"):
        expected = reference.STEPS[name](a, b, c)
    np.testing.assert_array_equal(y, expected)
    same_zero = (expected != 0) | (np.signbit(y) == np.signbit(expected))
    assert same_zero.all()
    assert_bits(sign, expected >= 0)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", [*SIZES, 1500])
def test_a_pointwise_chain_of_every_type(isa: str, channels: int) -> None:
    """Integers + shortcut, affine, a constant for all, signs, several outputs; one of them an input itself."""
    print("seed", channels)
    rng = np.random.default_rng(channels)
    n = rng.integers(-LARGEST, LARGEST, (2, 5, 3, channels)).astype(np.int32)
    shortcut = reference.awkward_floats(rng, n.shape)
    signs = random_signs(rng, n.shape)
    scale, offset = rng.standard_normal((2, channels)).astype(np.float32)
    half = np.float32([0.5])
    tensors = [Tensor("n", "int32", 5, 3, channels), Tensor("s", "float32", 5, 3, channels)]
    tensors.append(Tensor("b", "bits", 5, 3, channels))
    outputs = [Tensor("y", "float32", 5, 3, channels), Tensor("z", "bits", 5, 3, channels)]
    outputs += [Tensor("again", "float32", 5, 3, channels), Tensor("signs", "float32", 5, 3, channels)]
    steps = [step("fma", 0, 3, 4), step("add", 6, 1), step("multiply", 7, 5), step("add", 8, 2)]
    given = [len(steps), *itertools.chain(*steps), 9, 8, 1, 2]
    model = one_op("pointwise", tensors, outputs, [scale, offset, half], given)
    with np.errstate(all="ignore"):
        middle = (reference.fma(n.astype(np.float32), scale, offset) + shortcut) * half
        expected = middle + signs
    for threads in (1, 2):
        y, z, again, as_floats = run_op(model, [n, shortcut, pack_bits(signs)], isa, threads)
        np.testing.assert_array_equal(y, expected)
        assert_bits(z, middle >= 0)
        np.testing.assert_array_equal(again, shortcut)
        np.testing.assert_array_equal(as_floats, signs)


@pytest.mark.parametrize("isa", ISAS)
def test_pixels_become_floats(isa: str) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    y = Tensor("y", "float32", 16, 16, 1)
    constants = [np.float32([1 / 255])]
    model = one_op("pointwise", [Tensor("x", "uint8", 16, 16, 1)], [y], constants, [1, *step("multiply", 0, 1), 2])
    np.testing.assert_array_equal(run_op(model, [pixels], isa)[0], pixels.astype(np.float32) * np.float32(1 / 255))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["int32", "float32", "bits"])
@pytest.mark.parametrize(
    ("geometry", "out"),
    [
        (((2, 2), (2, 2), (0, 0), (1, 1)), (3, 2)),  # floor
        (((2, 2), (2, 2), (0, 0), (1, 1)), (4, 3)),  # ceil
        (((3, 3), (2, 2), (1, 1), (1, 1)), (4, 3)),
        (((3, 2), (1, 1), (2, 1), (2, 2)), (7, 5)),
        (((7, 5), (1, 1), (0, 0), (1, 1)), (1, 1)),
        (((1, 1), (1, 1), (0, 0), (1, 1)), (7, 5)),
    ],
)
def test_max_pool(isa: str, dtype: str, geometry: tuple[tuple[int, int], ...], out: tuple[int, int]) -> None:
    for channels in (1, 31, 64, 129, 513):
        print("seed", channels)
        rng = np.random.default_rng(channels)
        n = rng.integers(-LARGEST, LARGEST, (2, 7, 5, channels)).astype(np.int32)
        x = {"int32": n, "float32": n.astype(np.float32) / 7, "bits": np.where(n > 0, 1, -1).astype(np.int8)}[dtype]
        given = pack_bits(x) if dtype == "bits" else x
        masks = [np.zeros(channels, bool)]
        if dtype != "float32":
            masks.append(rng.random(channels) < 0.5)
        for mask in masks:
            constants = [packed_mask(mask)] if mask.any() else []
            tensors = Tensor("x", dtype, 7, 5, channels), Tensor("y", dtype, *out, channels)
            model = one_op("max_pool", tensors[:1], tensors[1:], constants, [v for pair in geometry for v in pair])
            y = run_op(model, [given], isa)[0]
            expected = reference.max_pool(x, mask, *geometry, out)
            np.testing.assert_array_equal(unpack_bits(y, channels) if dtype == "bits" else y, expected)


@pytest.mark.parametrize("isa", ISAS)
def test_a_nan_wins_and_the_first_zero_stays(isa: str) -> None:
    x = np.float32([[np.nan, 1, 0.0, np.inf], [1, np.nan, -0.0, np.nan]]).reshape(1, 2, 1, 4)
    tensors = [Tensor("x", "float32", 2, 1, 4)], [Tensor("y", "float32", 1, 1, 4)]
    y = run_op(one_op("max_pool", *tensors, [], [2, 1, 1, 1, 0, 0, 1, 1]), [x], isa)[0].ravel()
    np.testing.assert_array_equal(y, np.float32([np.nan, np.nan, 0, np.nan]))
    assert not np.signbit(y[2])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["int32", "float32", "bits"])
@pytest.mark.parametrize("channels", SIZES)
def test_concat(isa: str, dtype: str, channels: int) -> None:
    rng = np.random.default_rng(channels)
    parts = [random_signs(rng, (2, 3, 2, channels)) for _ in range(3)]
    element = {"int32": np.int32, "float32": np.float32, "bits": np.int8}[dtype]
    given = [pack_bits(part) if dtype == "bits" else part.astype(element) for part in parts]
    inputs = [Tensor(f"x{i}", dtype, 3, 2, channels) for i in range(3)]
    y = run_op(one_op("concat", inputs, [Tensor("y", dtype, 3, 2, 3 * channels)]), given, isa)[0]
    joined = np.concatenate(parts, -1)
    np.testing.assert_array_equal(y, pack_bits(joined) if dtype == "bits" else joined)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["int32", "float32", "bits"])
@pytest.mark.parametrize("channels", SIZES)
def test_flatten(isa: str, dtype: str, channels: int) -> None:
    rng = np.random.default_rng(channels)
    for height, width in ((3, 2), (1, 1)):
        x = random_signs(rng, (2, height, width, channels))
        given = pack_bits(x) if dtype == "bits" else x.astype(dtype)
        y = Tensor("y", dtype, 1, 1, height * width * channels)
        result = run_op(one_op("flatten", [Tensor("x", dtype, height, width, channels)], [y]), [given], isa)[0]
        expected = x.transpose(0, 3, 1, 2).reshape(2, 1, 1, -1)
        np.testing.assert_array_equal(result, pack_bits(expected) if dtype == "bits" else expected)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("first", [-6, 0, SMALLEST_INT32, LARGEST_INT32])
def test_lookup(isa: str, first: int) -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(-10, 11, (2, 3, 2, 65)).astype(np.int32)
    values = rng.standard_normal((65, 9)).astype(np.float32)
    tensors = [Tensor("x", "int32", 3, 2, 65)], [Tensor("y", "float32", 3, 2, 65)]
    y = run_op(one_op("lookup", *tensors, [values], [first, 9]), [n], isa)[0]
    np.testing.assert_array_equal(y, reference.lookup(n, values, first))
