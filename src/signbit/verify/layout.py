"""Torch's values as the engine holds them, and back."""

from __future__ import annotations

import numpy as np
import torch

from signbit.engine import pack_bits, unpack_bits
from signbit.modelfile import Tensor
from signbit.modelfile.ops.op import Array


class CannotHold(Exception):
    """A tensor of the model file cannot hold torch's value of its node; this is a bug in the converter."""


def input_array(images: torch.Tensor) -> Array:
    """A batch [N, C, H, W] or [N, C] as a session takes it."""
    moved = images.permute(0, 2, 3, 1) if images.dim() == 4 else images
    return np.ascontiguousarray(moved.numpy())


def to_engine(value: torch.Tensor, tensor: Tensor) -> Array:
    """Torch's value of a node as the engine holds that tensor: [N, H, W, C], of bits [N, H, W, words].

    A flattened image is the image itself.

    Raises:
        CannotHold: the value has another size, or bits are not all +1 or -1, integers not whole, or the type differs.
    """
    elements = tensor.pixels * tensor.channels
    if value.numel() != len(value) * elements:
        raise CannotHold(f"torch's {tensor.name!r} has the shape {list(value.shape)}; the model file's is {tensor}")
    images = value.detach().reshape(len(value), tensor.channels, tensor.height, tensor.width)
    array: Array = np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy())
    if tensor.dtype == "bits":
        if not (np.abs(array) == 1).all():
            raise CannotHold(f"torch's {tensor.name!r} is not all +1 or -1; the model file holds bits")
        return np.asarray(pack_bits(array))
    if tensor.dtype == "int32":
        return _integers(array, tensor)
    if array.dtype != tensor.dtype:
        raise CannotHold(f"torch's {tensor.name!r} is {array.dtype}; the model file's is {tensor}")
    return array


def _integers(array: Array, tensor: Tensor) -> Array:
    with np.errstate(invalid="ignore"):  # NaN, or past int32: no integers of the engine, as the comparison finds
        integers = np.rint(array).astype(np.int32)
    if not np.array_equal(integers, array):
        raise CannotHold(f"torch's {tensor.name!r} has values that are not integers; the model file holds integers")
    return integers


def signs_to_torch(words: Array, tensor: Tensor, like: torch.Tensor) -> torch.Tensor:
    """The engine's bits as torch's value of the node that gives those signs."""
    signs = unpack_bits(words, tensor.channels).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(signs)).to(like.dtype).reshape(len(words), *like.shape[1:])


def real_values(array: Array, tensor: Tensor) -> Array:
    """What the engine holds as numbers: signs as +1 and -1."""
    return unpack_bits(array, tensor.channels) if tensor.dtype == "bits" else array
