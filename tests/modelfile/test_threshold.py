"""Integers to signs, by intervals and by tables, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import SIZES, check_op
from signbit.engine import supported_isas
from signbit.modelfile import Tensor
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import HIGHEST, LOWEST, Intervals, Tables, channel_kinds
from signbit.modelfile.ranges import Range

LARGEST = 2**24 - 1


def random_intervals(rng: np.random.Generator, channels: int) -> Intervals:
    low, high = rng.integers(-4, 4, (2, channels)).astype(np.int32)  # half of them empty
    low[rng.random(channels) < 0.2] = LOWEST
    high[rng.random(channels) < 0.2] = HIGHEST
    return Intervals(low, high, rng.random(channels) < 0.5)


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("channels", SIZES)
def test_every_size(isa: str, channels: int) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    n = rng.integers(-5, 6, (2, 3, 2, channels)).astype(np.int32)
    n[rng.random(n.shape) < 0.1] = LARGEST
    n[rng.random(n.shape) < 0.1] = -LARGEST
    tensors = [Tensor("x", "int32", 3, 2, channels), Tensor("y", "bits", 3, 2, channels)]
    intervals = random_intervals(rng, channels)
    check_op(Threshold("sign", (0,), (1,), intervals), tensors, [n], isa)
    tables = Tables(rng.integers(-1, 2, channels).astype(np.int32), rng.random((2, 7)) < 0.5, -3)
    check_op(Threshold("sign", (0,), (1,), intervals, tables), tensors, [n], isa)


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("first", [LOWEST, HIGHEST])
def test_tables_at_the_ends_of_the_integers(isa: str, first: int) -> None:
    n = np.array([LOWEST, -1, 0, HIGHEST], np.int32).reshape(1, 2, 2, 1)
    intervals = Intervals(np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(1, bool))
    tables = Tables(np.zeros(1, np.int32), np.array([[False, True]]), first)
    tensors = [Tensor("x", "int32", 2, 2, 1), Tensor("y", "bits", 2, 2, 1)]
    check_op(Threshold("sign", (0,), (1,), intervals, tables), tensors, [n], isa)


def test_the_reference_by_hand() -> None:
    low, high = np.int32([0, -2, 1, 0]), np.int32([HIGHEST, 2, 0, HIGHEST])
    intervals = Intervals(low, high, np.array([False, True, False, False]))
    tables = Tables(np.int32([-1, -1, -1, 0]), np.array([[True, False, True]]), 5)
    n = np.array([[0, -2, 0, 4], [-1, 3, 1, 6], [5, 0, 9, 7], [5, 0, 9, 99]], np.int32).reshape(1, 4, 1, 4)
    (signs,) = Threshold("", (0,), (1,), intervals, tables).reference([n], [])
    np.testing.assert_array_equal(signs[0, :, 0], [[1, -1, -1, -1], [-1, 1, -1, 1], [1, -1, -1, -1], [1, -1, -1, -1]])


def test_kinds_of_channels() -> None:
    """Integers from -2 to 2; the last two channels have a table."""
    low, high = np.int32([0, LOWEST, -1, -9, 3, 0, 0]), np.int32([HIGHEST, 1, 1, 9, 9, 0, 0])
    intervals = Intervals(low, high, np.zeros(7, bool))
    tables = Tables(np.int32([-1] * 5 + [0, 1]), np.array([[False, True, False], [True, True, False]]), -1)
    found = channel_kinds(intervals, tables, Range(np.array([-2]), np.array([2])))
    kinds = {kind: np.nonzero(mask)[0].tolist() for kind, mask in found.items()}
    assert kinds == {"one": [0, 1], "interval": [2], "table": [5, 6], "dead": [3, 4]}
    found = channel_kinds(intervals, tables, Range(np.full(7, -2), np.int64([2, 2, 2, 2, 2, 2, 0])))
    assert found["dead"].tolist() == [False, False, False, True, True, False, True]
