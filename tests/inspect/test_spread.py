"""The intervals, against scipy's own tests and against what is drawn."""

import numpy as np
import pytest
from scipy import stats

from signbit.inspect.spread import (
    deviation,
    difference_interval,
    mean_interval,
    smallest_visible_ratio,
    spread_ratio_interval,
)

A, B = [77.1, 78.0, 77.6, 77.9, 76.8], [76.0, 76.9, 74.8]


def test_the_mean() -> None:
    wanted = stats.ttest_1samp(A, 0).confidence_interval(0.95)
    assert mean_interval(A) == pytest.approx((np.mean(A), wanted.low, wanted.high))


def test_the_difference() -> None:
    wanted = stats.ttest_ind(A, B, equal_var=False).confidence_interval(0.95)
    assert difference_interval(A, B) == pytest.approx((np.mean(A) - np.mean(B), wanted.low, wanted.high))
    assert difference_interval([1.0, 1.0], [0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_the_ratio_of_spreads_is_met_as_often_as_it_says(seed: int) -> None:
    random, times = np.random.default_rng(seed), 2000
    found = [spread_ratio_interval(random.normal(0, 2, 5), random.normal(0, 1, 4)) for _ in range(times)]
    share = np.mean([interval.low <= 2 <= interval.high for interval in found])
    assert abs(share - 0.95) < 4 * (0.95 * 0.05 / times) ** 0.5


def test_the_smallest_ratio_that_can_be_told() -> None:
    limit = smallest_visible_ratio(5, 4)
    a, b = np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 1, 2, 3])
    unit = np.std(b, ddof=1) / np.std(a, ddof=1)
    assert (
        spread_ratio_interval(a * unit * (limit - 1e-6), b).high
        < 1
        < spread_ratio_interval(a * unit * (limit + 1e-6), b).high
    )


def test_a_single_value_has_no_spread() -> None:
    assert deviation([1.0]) is None
    assert deviation(B) == pytest.approx(np.std(B, ddof=1))
    for wrong in (lambda: mean_interval([1.0]), lambda: difference_interval(A, [1.0])):
        with pytest.raises(ValueError, match="two or more"):
            wrong()
    with pytest.raises(ValueError, match="no spread"):
        spread_ratio_interval(A, [1.0, 1.0])
