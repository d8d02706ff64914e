"""What a few seeds tell: means, spreads, and intervals of 95 % for what is compared."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy import stats

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate, and the ends between which it lies with 95 % confidence."""

    estimate: float
    low: float
    high: float


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation between seeds (n - 1); None of a single one."""
    return statistics.stdev(values) if len(values) > 1 else None


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean, by Student's t.

    Raises:
        ValueError: fewer than two values.
    """
    _several(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    return _around(statistics.fmean(values), error, len(values) - 1)


def difference_interval(a: Sequence[float], b: Sequence[float]) -> Interval:
    """The mean of a less that of b, by Welch's t: the spreads may differ.

    Raises:
        ValueError: fewer than two values on a side.

    Source:
        Welch 1947, "The generalization of Student's problem when several different population variances are involved",
        Biometrika 34(1-2):28-35.
    """
    _several(a)
    _several(b)
    parts = [statistics.variance(values) / len(values) for values in (a, b)]
    difference, squared = statistics.fmean(a) - statistics.fmean(b), sum(parts)
    if not squared:
        return Interval(difference, difference, difference)
    freedom = squared**2 / sum(part**2 / (len(values) - 1) for part, values in zip(parts, (a, b), strict=True))
    return _around(difference, math.sqrt(squared), freedom)


def spread_ratio_interval(a: Sequence[float], b: Sequence[float]) -> Interval:
    """The standard deviation of a divided by that of b, by Fisher's F: for values that are spread normally.

    Raises:
        ValueError: fewer than two values on a side, or those of b are all equal.
    """
    _several(a)
    _several(b)
    if len(set(b)) == 1:
        raise ValueError(f"the values {list(b)} have no spread to compare with")
    ratio = statistics.stdev(a) / statistics.stdev(b)
    tails = (1 + LEVEL) / 2, (1 - LEVEL) / 2
    low, high = (ratio / math.sqrt(stats.f.ppf(tail, len(a) - 1, len(b) - 1)) for tail in tails)
    return Interval(ratio, float(low), float(high))


def smallest_visible_ratio(a: int, b: int) -> float:
    """Below this ratio, with so many values on each side, all of the interval of `spread_ratio_interval` is below 1."""
    return float(math.sqrt(stats.f.ppf((1 - LEVEL) / 2, a - 1, b - 1)))


def _around(middle: float, error: float, freedom: float) -> Interval:
    half = error * float(stats.t.ppf((1 + LEVEL) / 2, freedom))
    return Interval(middle, middle - half, middle + half)


def _several(values: Sequence[float]) -> None:
    if len(values) < 2:
        raise ValueError(f"{len(values)} values: an interval needs two or more")
