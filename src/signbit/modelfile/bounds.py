"""Bounds on how far apart two correct float32 computations of an op may be: running error analysis in float64.

Each rounding adds at most half a unit in the last place, ``u = 2^-24`` relative. An error bound is carried along with
every value. Any correct computation lies within the bound of the exact value, so two of them (torch's and the
engine's) lie within twice the bound of each other.

Source:
    Higham 2002, "Accuracy and Stability of Numerical Algorithms", chapter 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

UNIT = 2.0**-24
SMALLEST = 2.0**-126  # below it a result may be flushed to zero or lose digits


class Bounded(NamedTuple):
    """Values and how far a float32 computation of them may be off, elementwise."""

    value: Doubles
    error: Doubles

    def rounded(self, units: float = 1.0) -> Bounded:
        """The same after a rounding of so many units."""
        extra = units * UNIT * (np.abs(self.value) + self.error) + SMALLEST
        return Bounded(self.value, np.asarray(self.error + extra))


def exact(values: NDArray[np.generic]) -> Bounded:
    """Exact values, with a bound of 0."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        doubles = values.astype(np.float64)
    return Bounded(doubles, np.zeros_like(doubles))
