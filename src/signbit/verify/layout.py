"""Torch's values as the engine holds them, and back."""

from __future__ import annotations

import numpy as np
import torch

from signbit.engine import pack_bits, unpack_bits
from signbit.modelfile import Tensor
from signbit.modelfile.ops.op import Array


def input_array(images: torch.Tensor) -> Array:
    """A batch [N, C, H, W] or [N, C] as a session takes it."""
    moved = images.permute(0, 2, 3, 1) if images.dim() == 4 else images
    return np.ascontiguousarray(moved.numpy())


def to_engine(value: torch.Tensor, tensor: Tensor) -> Array:
    """Torch's value of a node as the engine holds that tensor: [N, H, W, C], of bits [N, H, W, words].

    A flattened image is the image itself.
    """
    images = value.detach().reshape(len(value), tensor.channels, tensor.height, tensor.width)
    array: Array = images.permute(0, 2, 3, 1).numpy()
    if tensor.dtype == "bits":
        return np.asarray(pack_bits(array))
    if tensor.dtype == "int32":
        integers = np.rint(array).astype(np.int32)
        if not np.array_equal(integers, array):
            raise AssertionError(
                f"torch's value of {tensor.name} is not integers: the product was not computed exactly"
            )
        return np.ascontiguousarray(integers)
    return np.ascontiguousarray(array, np.uint8 if tensor.dtype == "uint8" else np.float32)


def signs_to_torch(words: Array, tensor: Tensor, like: torch.Tensor) -> torch.Tensor:
    """The engine's bits as torch's value of the node that gives those signs."""
    signs = unpack_bits(words, tensor.channels).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(signs)).to(like.dtype).reshape(len(words), *like.shape[1:])


def real_values(array: Array, tensor: Tensor) -> Array:
    """What the engine holds as numbers: signs as +1 and -1."""
    return unpack_bits(array, tensor.channels) if tensor.dtype == "bits" else array
