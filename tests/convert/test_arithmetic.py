"""The converter's float arithmetic against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signbit.convert import arithmetic

floats = st.floats(-(2.0**60), 2.0**60, width=32, allow_subnormal=False)


def nearest_float32(exact: Fraction) -> np.float32:
    """The float32 nearest to a fraction, ties to even."""
    guess = np.float32(float(exact))
    candidates = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    even = lambda value: int(np.abs(value).view(np.uint32)) & 1  # noqa: E731
    return min(candidates, key=lambda value: (abs(Fraction(float(value)) - exact), even(value)))


@given(floats, floats, floats)
def test_fma_rounds_once(a: float, b: float, c: float) -> None:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact and abs(exact) < Fraction(1, 2**120):
        return  # near the subnormals the engine and torch keep all digits, this reference does not claim to
    got = arithmetic.fma(*(np.array([value], np.float32) for value in (a, b, c)))
    assert Fraction(float(got[0])) == Fraction(float(nearest_float32(exact)))


def test_a_sum_whose_first_rounding_would_tie() -> None:
    # 1 + 2^-24 is a tie in float32; the 2^-60 beyond it decides, and float64 alone would drop it
    a, b, c = np.array([[2.0**-30], [2.0**-30], [1 + 2.0**-23]], np.float32)
    assert arithmetic.fma(a, b, c)[0] == np.float32(1 + 2.0**-23)
    tie = arithmetic.fma(
        np.array([1 + 2.0**-12], np.float32), np.array([2.0**-24], np.float32), np.array([1], np.float32)
    )
    assert tie[0] == np.nextafter(np.float32(1), np.float32(2))
