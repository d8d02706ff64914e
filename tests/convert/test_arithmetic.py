"""The converter's float arithmetic against exact fractions."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from signbit.convert import arithmetic
from signbit.convert import pointwise as pw
from signbit.convert.rounding import fma

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
    got = fma(*(np.array([value], np.float32) for value in (a, b, c)))
    assert Fraction(float(got[0])) == Fraction(float(nearest_float32(exact)))


def test_a_sum_whose_first_rounding_would_tie() -> None:
    # 1 + 2^-24 is a tie in float32; the 2^-60 beyond it decides, and float64 alone would drop it
    a, b, c = np.array([[2.0**-30], [2.0**-30], [1 + 2.0**-23]], np.float32)
    assert fma(a, b, c)[0] == np.float32(1 + 2.0**-23)
    tie = fma(np.array([1 + 2.0**-12], np.float32), np.array([2.0**-24], np.float32), np.array([1], np.float32))
    assert tie[0] == np.nextafter(np.float32(1), np.float32(2))


def test_batch_norm_is_torchs_to_the_bit() -> None:
    """Corners included: the bias of -1e-30 decides a rounding of the constant term, which float64 alone would miss."""

    def channel(value: float | None) -> Tensor | None:
        return None if value is None else torch.tensor([value])

    integers = torch.arange(-500, 501).float()[:, None]
    means, variances = (-6.0, -1.0, 0.0, 2.0, 3.7, -0.123), (0.25, 1.0, 4.0, 30.0, 1e-8)
    weights, biases = (None, -2.0, -0.7, 0.0, 1e-30, 0.3, 5.0), (None, 0.0, -0.5, 0.25, 1.0, -1e-30)
    for mean, variance, weight, bias in itertools.product(means, variances, weights, biases):
        operands = [channel(weight), channel(bias), channel(mean), channel(variance), False, 0.1, 1e-5]
        wanted = functional.batch_norm(integers, operands[2], operands[3], operands[0], operands[1], eps=1e-5).numpy()
        expression = pw.translate("aten::batch_norm", [pw.Input(0), *operands])
        got = arithmetic.run_steps(expression, integers.numpy())
        assert got is not None
        np.testing.assert_array_equal(got, wanted, err_msg=f"{mean} {variance} {weight} {bias}")
