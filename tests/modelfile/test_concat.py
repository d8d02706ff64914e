"""Channels side by side, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import SIZES, check_op, random_values
from signbit.engine import supported_isas
from signbit.modelfile import Tensor
from signbit.modelfile.ops.concat import Concat
from signbit.modelfile.ranges import Range


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("dtype", ["int32", "float32", "bits"])
@pytest.mark.parametrize("channels", SIZES)
def test_every_size(isa: str, dtype: str, channels: int) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    inputs = [Tensor(f"x{i}", dtype, 3, 2, channels) for i in range(3)]
    arrays = [random_values(rng, tensor) for tensor in inputs]
    tensors = [*inputs, Tensor("y", dtype, 3, 2, 3 * channels)]
    check_op(Concat("cat", (0, 1, 2), (3,)), tensors, arrays, isa)


def test_ranges_stand_side_by_side() -> None:
    tensors = [Tensor("a", "int32", 1, 1, 2), Tensor("b", "int32", 1, 1, 2)]
    given = [Range(np.int64([-1]), np.int64([1])), Range(np.int64([-2, -3]), np.int64([2, 3]))]
    (reach,) = Concat("", (0, 1), (2,)).output_ranges(given, tensors)
    assert (reach.least.tolist(), reach.most.tolist()) == ([-1, -1, -2, -3], [1, 1, 2, 3])
