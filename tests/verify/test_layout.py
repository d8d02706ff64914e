"""Torch's values in the engine's layout, and what a tensor of the model file cannot hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from signbit.engine import pack_bits
from signbit.modelfile import Tensor
from signbit.verify.layout import CannotHold, input_array, real_values, signs_to_torch, to_engine


def test_images_are_channels_last() -> None:
    images = torch.arange(24).reshape(1, 2, 3, 4)
    assert input_array(images).shape == (1, 3, 4, 2)
    assert input_array(images)[0, 2, 1].tolist() == [9, 21]
    assert input_array(images).flags.c_contiguous
    assert input_array(torch.zeros(5, 7)).shape == (5, 7)


def test_floats_move_their_channels_last() -> None:
    value = torch.arange(12.0).reshape(1, 2, 2, 3)
    array = to_engine(value, Tensor("x", "float32", 2, 3, 2))
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert array.tolist() == [[[[0, 6], [1, 7], [2, 8]], [[3, 9], [4, 10], [5, 11]]]]


def test_a_flattened_image_is_the_image() -> None:
    value = torch.arange(12.0).reshape(1, 2, 2, 3)
    tensor = Tensor("x", "float32", 2, 3, 2)
    assert np.array_equal(to_engine(value.flatten(1), tensor), to_engine(value, tensor))


def test_bits_are_packed_and_unpacked() -> None:
    signs = torch.randint(0, 2, (3, 70, 2, 2)).float() * 2 - 1
    tensor = Tensor("x", "bits", 2, 2, 70)
    words = to_engine(signs, tensor)
    assert words.shape == (3, 2, 2, 2)
    assert np.array_equal(real_values(words, tensor), signs.permute(0, 2, 3, 1).numpy())
    assert torch.equal(signs_to_torch(words, tensor, signs), signs)
    assert signs_to_torch(words, tensor, signs.double()).dtype == torch.float64
    assert torch.equal(signs_to_torch(words, tensor, signs.flatten(1)), signs.flatten(1))


def test_what_is_no_bits_is_itself() -> None:
    array = np.zeros((1, 2, 2, 3), np.float32)
    assert real_values(array, Tensor("x", "float32", 2, 2, 3)) is array


def test_integers_are_whole() -> None:
    tensor = Tensor("x", "int32", 1, 1, 3)
    array = to_engine(torch.tensor([[-3.0, 2.0, -0.0]]), tensor)
    assert array.dtype == np.int32
    assert array.tolist() == [[[[-3, 2, 0]]]]


@pytest.mark.parametrize("value", [0.5, float("nan"), float("inf"), 2.0**31, -(2.0**40)])
def test_other_numbers_are_no_integers(value: float) -> None:
    words = r"^torch's 'x' has values that are not integers; the model file holds integers$"
    with pytest.raises(CannotHold, match=words):
        to_engine(torch.tensor([[1.0, value]]), Tensor("x", "int32", 1, 1, 2))


@pytest.mark.parametrize("value", [0.0, 2.0, -0.5, float("nan")])
def test_other_numbers_are_no_bits(value: float) -> None:
    with pytest.raises(CannotHold, match=r"^torch's 'x' is not all \+1 or -1; the model file holds bits$"):
        to_engine(torch.tensor([[1.0, value]]), Tensor("x", "bits", 1, 1, 2))


def test_another_size_is_named() -> None:
    message = r"^torch's 'x' has the shape \[2, 6\]; the model file's is 1 x 1 x 4 bits$"
    with pytest.raises(CannotHold, match=message):
        to_engine(torch.ones(2, 6), Tensor("x", "bits", 1, 1, 4))


def test_another_type_is_named() -> None:
    with pytest.raises(CannotHold, match=r"^torch's 'x' is float64; the model file's is 1 x 1 x 2 float32$"):
        to_engine(torch.ones(1, 2, dtype=torch.float64), Tensor("x", "float32", 1, 1, 2))
    with pytest.raises(CannotHold, match=r"^torch's 'x' is float16; "):
        to_engine(torch.ones(1, 2, dtype=torch.float16), Tensor("x", "float32", 1, 1, 2))
    pixels = to_engine(torch.ones(1, 2, dtype=torch.uint8), Tensor("x", "uint8", 1, 1, 2))
    assert pixels.dtype == np.uint8


def test_packing_is_the_engines() -> None:
    signs = torch.tensor([[1.0, -1.0, -1.0]])
    assert np.array_equal(to_engine(signs, Tensor("x", "bits", 1, 1, 3)).reshape(1, 1), pack_bits(signs.numpy()))
