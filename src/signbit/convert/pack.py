"""Signs and weights as the model file's constants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pack_words(negative: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack the last axis into words of 64 bits, lowest bit first; True is a set bit, -1.

    Args:
        negative: bool [..., C].

    Returns:
        uint64 [..., ceil(C / 64)]; the bits past C are zero.
    """
    channels = negative.shape[-1]
    padding = [(0, 0)] * (negative.ndim - 1) + [(0, -channels % 64)]
    packed = np.packbits(np.pad(negative, padding), axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8").astype(np.uint64)


def binary_weights(codes: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Weights of a binary convolution, +-1 [O, C/g, kh, kw], as words [O, kh, kw, ceil(C/g / 64)]."""
    return pack_words(codes.transpose(0, 2, 3, 1) < 0)


def channels_last(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights of a convolution [O, C, kh, kw] as [O, kh, kw, C]."""
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1))
