"""Signs as words of 64 bits: bit i of word j is channel 64 j + i, and a set bit is -1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD_BITS = 64


def words_of(channels: int) -> int:
    """Number of words that hold the signs of one pixel."""
    return -(-channels // WORD_BITS)


def pack_mask(negative: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack the last axis into words; True is a set bit, -1.

    Args:
        negative: bool [..., channels].

    Returns:
        uint64 [..., words_of(channels)]; the bits past the last channel are zero.
    """
    padding = [(0, 0)] * (negative.ndim - 1) + [(0, -negative.shape[-1] % WORD_BITS)]
    packed = np.packbits(np.pad(negative, padding), axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8").astype(np.uint64, copy=False)


def unpack_mask(words: NDArray[np.uint64], channels: int) -> NDArray[np.bool_]:
    """The set bits of the last axis: bool [..., channels], True is -1.

    Raises:
        ValueError: the last axis does not have the number of words that the channels need.
    """
    words = np.ascontiguousarray(words, dtype="<u8")
    needed = words_of(channels)
    if words.shape[-1:] != (needed,):
        raise ValueError(f"words have the shape {words.shape}: {channels} channels take a last axis of {needed}")
    return np.unpackbits(words.view(np.uint8), axis=-1, count=channels, bitorder="little").astype(np.bool_)


def check_unused_bits(words: NDArray[np.uint64], channels: int, what: str) -> None:
    """Check that the bits past the last channel are zero, as the file format requires.

    Raises:
        ValueError: one of them is set; the message begins with ``what``.
    """
    if channels % WORD_BITS and bool((words[..., -1] >> np.uint64(channels % WORD_BITS)).any()):
        raise ValueError(f"{what}: a bit past channel {channels} is set; such bits must be zero")


def pack_signs(signs: NDArray[Any]) -> NDArray[np.uint64]:
    """Pack the signs of the last axis into words.

    Args:
        signs: [..., channels] of any real type; an element is +1 where it is >= 0, else -1.

    Returns:
        uint64 [..., words_of(channels)].

    Raises:
        ValueError: ``signs`` is a single number.
    """
    signs = np.asarray(signs)
    if signs.ndim == 0:
        raise ValueError("a single number was given: pack_bits takes an array whose last axis is the channels")
    return pack_mask(~(signs >= 0))


def as_signs(positive: NDArray[np.bool_]) -> NDArray[np.int8]:
    """int8 +1 where ``positive``, -1 elsewhere."""
    return np.where(positive, np.int8(1), np.int8(-1))


def unpack_signs(words: NDArray[np.uint64], channels: int) -> NDArray[np.int8]:
    """The signs in the words: int8 [..., channels] of +1 and -1.

    Raises:
        ValueError: the last axis does not have the number of words that the channels need.
    """
    return as_signs(~unpack_mask(words, channels))
