"""The largest and the smallest values of windows, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import check_op, one_op, random_values, run_op
from signbit.engine import supported_isas
from signbit.modelfile import Tensor, ops
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.window import Window

ISAS = supported_isas()


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["int32", "float32", "bits"])
@pytest.mark.parametrize(
    ("window", "size"),
    [
        (Window((2, 2), (2, 2)), (3, 2)),  # rounded down
        (Window((2, 2), (2, 2)), (4, 3)),  # rounded up
        (Window((3, 3), (2, 2), (1, 1)), (4, 3)),
        (Window((3, 2), (1, 1), (2, 1), (2, 2)), (7, 5)),
        (Window((7, 5)), (1, 1)),
        (Window((1, 1)), (7, 5)),
    ],
)
def test_every_geometry(isa: str, dtype: str, window: Window, size: tuple[int, int]) -> None:
    for channels in (1, 31, 64, 129, 513):
        print("seed", channels)
        rng = np.random.default_rng(channels)
        x, y = Tensor("x", dtype, 7, 5, channels), Tensor("y", dtype, *size, channels)
        given = random_values(rng, x)
        check_op(MaxPool("pool", (0,), (1,), window), [x, y], [given], isa)
        if dtype != "float32":
            mask = rng.random(channels) < 0.5
            check_op(MaxPool("pool", (0,), (1,), window, mask), [x, y], [given], isa)


def test_the_reference_in_a_loop() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(-9, 10, (2, 7, 5, 3)).astype(np.int32)
    window, minimum = Window((3, 2), (2, 1), (2, 1), (2, 2)), np.array([True, False, False])
    height, width = window.output_size(7, 5)
    (pooled,) = MaxPool("", (0,), (1,), window, minimum).reference([x], [Tensor("y", "int32", height, width, 3)])
    for y, column in np.ndindex(height, width):
        rows = [row for row in range(2 * y - 2, 2 * y + 3, 2) if 0 <= row < 7]
        columns = [at for at in (column - 1, column + 1) if 0 <= at < 5]
        taps = x[:, rows][:, :, columns]
        np.testing.assert_array_equal(pooled[:, y, column], np.where(minimum, taps.min((1, 2)), taps.max((1, 2))))


@pytest.mark.parametrize("isa", ISAS)
def test_a_nan_wins_and_the_first_zero_stays(isa: str) -> None:
    x = np.float32([[np.nan, 1, 0.0, np.inf], [1, np.nan, -0.0, np.nan]]).reshape(1, 2, 1, 4)
    tensors = [Tensor("x", "float32", 2, 1, 4), Tensor("y", "float32", 1, 1, 4)]
    model = one_op(MaxPool("pool", (0,), (1,), Window((2, 1))), tensors)
    for y in (run_op(model, [x], isa)[0], model.ops[-2].reference([x], tensors[1:])[0]):
        np.testing.assert_array_equal(y.ravel(), np.float32([np.nan, np.nan, 0, np.nan]))
        assert not np.signbit(y.ravel()[2])


@pytest.mark.parametrize(("window", "size"), [(Window((2, 2), (2, 2)), (4, 4)), (Window((1, 1), (4, 4)), (3, 2))])
def test_a_size_that_the_window_does_not_give(window: Window, size: tuple[int, int]) -> None:
    """Of the second, the last window would lie outside of the image."""
    tensors = [Tensor("x", "bits", 7, 5, 3), Tensor("y", "bits", *size, 3)]
    fits = Tensor("y", "bits", *window.output_size(7, 5), 3)
    ops.decode(MaxPool("p", (0,), (1,), window).record(), [tensors[0], fits])
    with pytest.raises(ValueError, match=r"op 'p' \(max_pool\): "):
        ops.decode(MaxPool("p", (0,), (1,), window).record(), tensors)
