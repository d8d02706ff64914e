"""Fused multiply-add in numpy, which has none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def fma(a: Floats, b: Floats, c: Floats) -> Floats:
    """``a * b + c`` with one rounding.

    The product of two float32 is exact in float64. The sum is rounded to odd there (its last bit set where something
    was lost), so that the second rounding, to float32, sees on which side of a tie the true sum lies.
    """
    product = np.multiply(a, b, dtype=np.float64)
    addend = c.astype(np.float64)
    total = product + addend
    part = total - product
    lost = (product - (total - part)) + (addend - part)
    even = (total.view(np.int64) & 1) == 0
    towards = np.where(lost > 0, np.inf, -np.inf)
    odd = np.where((lost != 0) & even & np.isfinite(total), np.nextafter(total, towards), total)
    return odd.astype(np.float32)
