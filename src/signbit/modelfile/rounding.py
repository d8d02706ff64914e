"""Fused multiply-add in numpy, which has none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
FloatLike = Floats | np.float32


def fma(a: FloatLike, b: FloatLike, c: FloatLike) -> Floats:
    """``a * b + c`` with one rounding; the shapes broadcast.

    The product of two float32 is exact in float64. The sum is rounded to odd there (its last bit is set if it is
    inexact), so that the second rounding, to float32, sees on which side of a tie the true sum lies.

    Source:
        Boldo and Melquiond 2008, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to
        odd", IEEE Transactions on Computers 57(4).
    """
    with np.errstate(all="ignore"):
        product = np.multiply(a, b, dtype=np.float64)
        addend = np.asarray(c, np.float64)
        total = np.asarray(product + addend)
        part = total - product
        lost = (product - (total - part)) + (addend - part)
        even = (total.view(np.int64) & 1) == 0
        towards = np.where(lost > 0, np.inf, -np.inf)
        odd = np.where((lost != 0) & even & np.isfinite(total), np.nextafter(total, towards), total)
        return np.asarray(odd, np.float32)
