"""Signs as the engine holds them: 64 channels in a word, a set bit is -1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack_bits(signs: NDArray[Any]) -> NDArray[np.uint64]:
    """Pack the last axis into words.

    Args:
        signs: [..., channels] of any real type; an element is +1 where it is >= 0, else -1.

    Returns:
        uint64 [..., ceil(channels / 64)]: bit i of word j is channel 64 j + i, and the bits past the last are 0.
    """
    signs = np.asarray(signs)
    if signs.ndim == 0:
        raise ValueError("a single number was given: pack_bits takes an array whose last axis is the channels")
    channels = signs.shape[-1]
    words = -(-channels // 64)
    negative = np.zeros((*signs.shape[:-1], words * 64), dtype=np.uint8)
    negative[..., :channels] = ~(signs >= 0)
    return np.packbits(negative, axis=-1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def unpack_bits(words: NDArray[np.uint64], channels: int) -> NDArray[np.int8]:
    """The signs in the words.

    Args:
        words: uint64 [..., ceil(channels / 64)].
        channels: how many signs the last axis holds.

    Returns:
        int8 [..., channels] of +1 and -1.

    Raises:
        ValueError: the last axis has another number of words than the channels need.
    """
    words = np.ascontiguousarray(words, dtype="<u8")
    needed = -(-channels // 64)
    if words.shape[-1:] != (needed,):
        raise ValueError(f"words have the shape {words.shape}: {channels} channels take a last axis of {needed}")
    bits = np.unpackbits(words.view(np.uint8), axis=-1, count=channels, bitorder="little")
    return (1 - 2 * bits.astype(np.int8)).astype(np.int8, copy=False)
