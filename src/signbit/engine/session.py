"""A model prepared to run on this processor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.engine import _native
from signbit.engine.model import ELEMENT_TYPES, Model, Tensor


class Session:
    """Runs one model; made by ``Model.session``. Calls from several threads run one after the other."""

    def __init__(
        self, model: Model, *, threads: int = 1, isa: str | None = None, batch: int = 1, most_bytes: int = 2**32
    ) -> None:
        if threads < 1 or batch < 1 or most_bytes < 0:
            raise ValueError(
                f"threads is {threads} and batch {batch}: both must be 1 or more; most_bytes is {most_bytes}: it must "
                "not be negative"
            )
        self.model = model
        self._native = _native.Session(model._native, threads, isa or "", batch, most_bytes)

    @property
    def isa(self) -> str:
        """The instruction set that is used."""
        return self._native.isa

    @property
    def threads(self) -> int:
        """How many threads share the work, the calling one included."""
        return self._native.threads

    @property
    def batch(self) -> int:
        """How many images go through the network together."""
        return self._native.batch

    def run(self, images: NDArray[Any], *, check_finite: bool = False) -> NDArray[Any]:
        """Run the network.

        Args:
            images: [N, H, W, C] of the model's input type, pixels 0 to 255 where that is uint8; [N, C] is taken too
                where the model's height and width are 1. Any N, 0 included.
            check_finite: refuse a float input that has a NaN or an infinity.

        Returns:
            float32 or int32 [N, H, W, C]; [N, C] where the output's height and width are 1.

        Raises:
            TypeError: images are not an array of the input type.
            ValueError: images have another shape, or are not finite and must be.
        """
        images = self._checked_input(images)
        if check_finite and images.dtype.kind == "f" and not np.isfinite(images).all():
            raise ValueError("images have a NaN or an infinity, and check_finite is set: clean them, or leave it out")
        tensor = self.model.tensors[self.model.output]
        output = _empty(tensor, len(images))
        self._native.run(images, len(images), output)
        return output.reshape(len(images), tensor.channels) if tensor.height == tensor.width == 1 else output

    def run_op(self, i: int, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run op ``i`` alone, as ``run`` does.

        Args:
            i: index into ``model.ops``.
            inputs: one array [N, H, W, C] for each input of the op; of bits uint64 [N, H, W, words].

        Returns:
            One array for each output of the op, in the same form.

        Raises:
            IndexError: there is no such op.
            TypeError: an input is of another type than its tensor.
            ValueError: an input has another shape than its tensor, or their number is wrong.
        """
        if not 0 <= i < len(self.model.ops):
            raise IndexError(f"op {i}: the model has {len(self.model.ops)}")
        op = self.model.ops[i]
        if len(inputs) != len(op.inputs):
            raise ValueError(f"{len(inputs)} inputs for op {i} ({op.kind}), which takes {len(op.inputs)}")
        images = len(inputs[0])
        given = [_checked(x, self.model.tensors[t], images) for x, t in zip(inputs, op.inputs, strict=True)]
        outputs = [_empty(self.model.tensors[t], images) for t in op.outputs]
        self._native.run_op(i, given, images, outputs)
        return outputs

    def trace(self, images: NDArray[Any]) -> list[NDArray[Any]]:
        """Run the network and keep every tensor.

        Args:
            images: as for ``run``.

        Returns:
            One array [N, H, W, C] for each of ``model.tensors``; of bits uint64 [N, H, W, words].

        Raises:
            TypeError, ValueError: as for ``run``.
        """
        images = self._checked_input(images)
        arrays = [_empty(tensor, len(images)) for tensor in self.model.tensors]
        arrays[self.model.input][...] = images
        self._native.trace(len(images), arrays)
        return arrays

    def _checked_input(self, images: NDArray[Any]) -> NDArray[Any]:
        tensor = self.model.tensors[self.model.input]
        if not isinstance(images, np.ndarray):
            raise TypeError(f"images are a {type(images).__name__}: give a numpy array of {tensor.dtype}")
        shape = (tensor.height, tensor.width, tensor.channels)
        if images.shape == shape:
            raise ValueError(f"images have the shape {shape} of a single image: add the batch axis, images[None]")
        if shape[:2] == (1, 1) and images.ndim == 2:
            images = images[:, None, None, :]
        return _checked(images, tensor, len(images) if images.ndim else 0)


def _empty(tensor: Tensor, images: int) -> NDArray[Any]:
    return np.empty(tensor.array_shape(images), ELEMENT_TYPES[tensor.dtype])


def _checked(array: NDArray[Any], tensor: Tensor, images: int) -> NDArray[Any]:
    if array.dtype != ELEMENT_TYPES[tensor.dtype]:
        raise TypeError(
            f"{tensor.name!r} takes {ELEMENT_TYPES[tensor.dtype]} and was given {array.dtype}: convert it first, "
            "so that no value changes unseen"
        )
    if array.shape != tensor.array_shape(images):
        expected = ", ".join(str(size) for size in tensor.array_shape(images)[1:])
        raise ValueError(f"{tensor.name!r} has the shape {array.shape}: it must be [N, {expected}]")
    return np.ascontiguousarray(array)
