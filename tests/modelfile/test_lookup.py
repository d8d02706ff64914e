"""Integers to floats by a table, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import check_op
from signbit.engine import supported_isas
from signbit.modelfile import Tensor
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.thresholds import HIGHEST, LOWEST


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("first", [-6, 0, LOWEST, HIGHEST])
def test_every_first_column(isa: str, first: int) -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(-10, 11, (2, 3, 2, 65)).astype(np.int32)
    values = rng.standard_normal((65, 9)).astype(np.float32)
    tensors = [Tensor("x", "int32", 3, 2, 65), Tensor("y", "float32", 3, 2, 65)]
    check_op(Lookup("table", (0,), (1,), values, first), tensors, [n], isa)


def test_the_reference_by_hand() -> None:
    values = np.float32([[1, 2, 3], [10, 20, 30]])
    n = np.int32([[-1, 4], [-9, 5], [0, 9]]).reshape(3, 1, 1, 2)
    (found,) = Lookup("", (0,), (1,), values, -1).reference([n], [])
    np.testing.assert_array_equal(found.reshape(3, 2), [[1, 30], [1, 30], [2, 30]])
