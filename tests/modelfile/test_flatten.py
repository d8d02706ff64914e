"""Images as vectors, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import SIZES, check_op, random_values
from signbit.engine import supported_isas
from signbit.modelfile import Tensor
from signbit.modelfile.ops.flatten import Flatten
from signbit.modelfile.ranges import Range


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("dtype", ["int32", "float32", "bits"])
@pytest.mark.parametrize("channels", SIZES)
def test_every_size(isa: str, dtype: str, channels: int) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    for height, width in ((3, 2), (1, 1)):
        x = Tensor("x", dtype, height, width, channels)
        y = Tensor("y", dtype, 1, 1, height * width * channels)
        check_op(Flatten("flat", (0,), (1,)), [x, y], [random_values(rng, x)], isa)


def test_channels_come_first() -> None:
    images = np.arange(12, dtype=np.int32).reshape(1, 2, 2, 3)
    (vector,) = Flatten("", (0,), (1,)).reference([images], [])
    np.testing.assert_array_equal(vector.ravel(), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])


def test_ranges_repeat_for_each_pixel() -> None:
    (reach,) = Flatten("", (0,), (1,)).output_ranges(
        [Range(np.int64([-2, -3]), np.int64([2, 3]))], [Tensor("x", "int32", 2, 1, 2)]
    )
    assert (reach.least.tolist(), reach.most.tolist()) == ([-2, -2, -3, -3], [2, 2, 3, 3])
