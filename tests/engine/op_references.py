"""Every op of the engine in numpy, slow and plain, as docs/file-format.md states it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def windows(
    x: Array, k: tuple[int, int], s: tuple[int, int], p: tuple[int, int], d: tuple[int, int], fill: Any
) -> Array:
    """[N, H, W, C] to [N, out H, out W, kh, kw, C]; taps outside the image are ``fill``."""
    n, h, w, c = x.shape
    out = [(size + 2 * p[i] - d[i] * (k[i] - 1) - 1) // s[i] + 1 for i, size in enumerate((h, w))]
    result = np.full((n, out[0], out[1], *k, c), fill, dtype=x.dtype)
    for y, ky in np.ndindex(out[0], k[0]):
        row = y * s[0] - p[0] + ky * d[0]
        if not 0 <= row < h:
            continue
        for column, kx in np.ndindex(out[1], k[1]):
            at = column * s[1] - p[1] + kx * d[1]
            if 0 <= at < w:
                result[:, y, column, ky, kx] = x[:, row, at]
    return result


def integer_conv(pixels: Array, weights: Array, k: Any, s: Any, p: Any, d: Any) -> Array:
    patches = windows(pixels.astype(np.int64) - 128, k, s, p, d, 0)
    return np.einsum("nyxijc,oijc->nyxo", patches, weights.astype(np.int64)).astype(np.int32)


def binary_conv(signs: Array, weights: Array, k: Any, s: Any, p: Any, d: Any, groups: int, padding_value: int) -> Array:
    """signs [N, H, W, C] and weights [outputs, kh, kw, C / groups] of +1 and -1."""
    patches = windows(signs.astype(np.int32), k, s, p, d, padding_value)
    per_channels, per_outputs = signs.shape[-1] // groups, len(weights) // groups
    parts = [
        np.einsum(
            "nyxijc,oijc->nyxo",
            patches[..., g * per_channels : (g + 1) * per_channels],
            weights[g * per_outputs : (g + 1) * per_outputs].astype(np.int32),
            optimize=True,
        )
        for g in range(groups)
    ]
    return np.concatenate(parts, axis=-1).astype(np.int32)


def fma(a: Array, b: Array, c: Array) -> Array:
    """float32 a * b + c with one rounding: the product is exact in float64, the sum is rounded to odd there."""
    product, addend = np.float64(a) * np.float64(b), np.float64(c)
    total = product + addend
    back = total - product
    error = (product - (total - back)) + (addend - back)
    with np.errstate(invalid="ignore"):
        even = (np.atleast_1d(total).view(np.int64) & 1 == 0).reshape(np.shape(total))
        nudge = even & (error != 0) & np.isfinite(error) & np.isfinite(total)
        total = np.where(nudge, np.nextafter(total, np.where(error > 0, np.inf, -np.inf)), total)
    return np.float32(total)


def float_conv(x: Array, weights: Array, bias: Array | None, k: Any, s: Any, p: Any, d: Any, groups: int) -> Array:
    patches = windows(x, k, s, p, d, 0)
    outputs, per_channels = len(weights), x.shape[-1] // groups
    per_outputs = outputs // groups
    result = np.zeros((*patches.shape[:3], outputs), np.float32)
    result[...] = 0 if bias is None else bias
    for o in range(outputs):
        first = o // per_outputs * per_channels
        for ky, kx, c in np.ndindex(k[0], k[1], per_channels):
            result[..., o] = fma(patches[..., ky, kx, first + c], weights[o, ky, kx, c], result[..., o])
    return result


def threshold(n: Array, low: Array, high: Array, inverted: Array) -> Array:
    """True is +1; ``inverted`` is a bool for each channel."""
    return ((low <= n) & (n <= high)) ^ inverted


def max_pool(x: Array, minimum: Array, k: Any, s: Any, p: Any, d: Any, out: tuple[int, int]) -> Array:
    n, h, w, c = x.shape
    result = np.empty((n, *out, c), x.dtype)
    for y, column in np.ndindex(*out):
        rows = [r for r in (y * s[0] - p[0] + i * d[0] for i in range(k[0])) if 0 <= r < h]
        columns = [r for r in (column * s[1] - p[1] + i * d[1] for i in range(k[1])) if 0 <= r < w]
        window = x[:, rows][:, :, columns]
        result[:, y, column] = np.where(minimum, window.min((1, 2)), window.max((1, 2)))
    return result


def lookup(n: Array, values: Array, first: int) -> Array:
    place = np.clip(n.astype(np.int64) - first, 0, values.shape[1] - 1)
    return values[np.arange(values.shape[0]), place]


def exponential(t: Array) -> tuple[Array, Array, Array]:
    one = np.float32
    clamped = np.where(t > one(-104), t, one(-104)).astype(np.float32)
    magic = one(12582912.0)
    n = fma(clamped, one(1.44269504088896341), magic) - magic
    r = fma(n, -one(-2.12194440054690583e-4), fma(n, -one(0.693359375), clamped))
    p = fma(one(1.9875691500e-4), r, one(1.3981999507e-3))
    for c in (8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        p = fma(p, r, one(c))
    p = fma(p, r * r, r)
    whole = n.astype(np.int32)
    half = whole >> 1
    first = np.where(t > one(-104), np.ldexp(one(1), half), one(0)).astype(np.float32)
    return p, first, np.ldexp(one(1), whole - half).astype(np.float32)


def sigmoid(x: Array) -> Array:
    p, first, second = exponential(-np.abs(x))
    z = ((p + np.float32(1)) * first) * second
    return np.where(np.isnan(x), x, np.where(x >= 0, np.float32(1), z) / (np.float32(1) + z)).astype(np.float32)


def silu(x: Array) -> Array:
    p, first, second = exponential(-np.abs(x))
    z = ((p + np.float32(1)) * first) * second
    xz = (fma(x, p, x) * first) * second
    return np.where(np.isnan(x), x, np.where(x >= 0, x, xz) / (np.float32(1) + z)).astype(np.float32)


STEPS: dict[str, Any] = {
    "add": lambda a, b, c: a + b,
    "subtract": lambda a, b, c: a - b,
    "multiply": lambda a, b, c: a * b,
    "divide": lambda a, b, c: a / b,
    "minimum": lambda a, b, c: np.where((a < b) | np.isnan(a), a, b),
    "maximum": lambda a, b, c: np.where((a > b) | np.isnan(a), a, b),
    "fma": fma,
    "prelu": lambda a, b, c: np.where(a > 0, a, a * b),
    "sigmoid": lambda a, b, c: sigmoid(a),
    "silu": lambda a, b, c: silu(a),
}


def awkward_floats(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Normal numbers of many sizes, and among them zeros of both signs, denormals, infinities and NaN."""
    x = (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape)).astype(np.float32)
    special = np.float32([0.0, -0.0, 1e-45, -1e-45, 1e-39, math.inf, -math.inf, math.nan, 3e38, -3e38])
    chosen = rng.random(shape) < 0.1
    x[chosen] = rng.choice(special, int(chosen.sum()))
    return x
