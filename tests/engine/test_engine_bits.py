"""Packing of signs: by numpy, and by every instruction set of the engine."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import SIZES, awkward_floats, random_signs
from signbit.engine import IsaError, _native, pack_bits, supported_isas, unpack_bits


@pytest.mark.parametrize("channels", SIZES)
def test_packing_and_back(channels: int) -> None:
    signs = random_signs(np.random.default_rng(channels), (3, 2, channels))
    words = pack_bits(signs)
    assert words.shape == (3, 2, -(-channels // 64))
    assert words.dtype == np.uint64
    np.testing.assert_array_equal(unpack_bits(words, channels), signs)


def test_a_set_bit_is_minus_one_and_zeros_are_plus_one() -> None:
    values = np.float32([0.0, -0.0, -1.0, 1.0, 1e-45, -1e-45, np.inf, -np.inf, np.nan])
    assert pack_bits(values).tolist() == [0b110100100]
    for isa in supported_isas():
        assert _native.pack_signs(values, isa).tolist() == [0b110100100]


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("count", SIZES)
def test_the_engine_packs_like_numpy(isa: str, count: int) -> None:
    values = awkward_floats(np.random.default_rng(count), (count,))
    np.testing.assert_array_equal(_native.pack_signs(values, isa), pack_bits(values))


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="65 channels take a last axis of 2"):
        unpack_bits(np.zeros((4, 1), np.uint64), 65)
    with pytest.raises(ValueError, match="single number"):
        pack_bits(np.float32(1))
    with pytest.raises(IsaError, match="scalar"):
        _native.pack_signs(np.zeros(3, np.float32), "mmx")
