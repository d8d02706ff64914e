"""A tensor that ops read or write: an image of height x width x channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from signbit.modelfile.bits import words_of

# Codes of the element types, and the numpy type in which an element is held; one of bits is a word of 64 signs.
DTYPES = {"uint8": 1, "int8": 2, "int32": 3, "float32": 4, "bits": 5}
ELEMENT_TYPES: dict[str, np.dtype[Any]] = {
    "uint8": np.dtype("u1"),
    "int8": np.dtype("<i1"),
    "int32": np.dtype("<i4"),
    "float32": np.dtype("<f4"),
    "bits": np.dtype("<u8"),
}


@dataclass(frozen=True)
class Tensor:
    """The values of one image; the batch is not part of a model file.

    Attributes:
        name: name in messages; empty for a value that is internal to the file.
        dtype: `uint8`, `int32`, `float32` or `bits`.
        height: height in pixels; 1 for a vector.
        width: width in pixels; 1 for a vector.
        channels: number of channels.
    """

    name: str
    dtype: str
    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, self.channels

    @property
    def pixels(self) -> int:
        """Height times width."""
        return self.height * self.width

    @property
    def bytes(self) -> int:
        """Size of one image, in bytes."""
        last = words_of(self.channels) if self.dtype == "bits" else self.channels
        return self.pixels * last * ELEMENT_TYPES[self.dtype].itemsize

    def array_shape(self, images: int) -> tuple[int, int, int, int]:
        """[N, H, W, C]; of bits [N, H, W, words]."""
        last = words_of(self.channels) if self.dtype == "bits" else self.channels
        return images, self.height, self.width, last

    def __str__(self) -> str:
        return f"{self.height} x {self.width} x {self.channels} {self.dtype}"
