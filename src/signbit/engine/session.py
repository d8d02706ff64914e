"""A model prepared to run on this processor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.engine import _native
from signbit.engine.model import Model
from signbit.modelfile.tensor import ELEMENT_TYPES, Tensor


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

    @property
    def arena_bytes(self) -> int:
        """Memory of the tensors between input and output, of ``batch`` images."""
        return self._native.arena_bytes

    def run(self, images: Any, *, check_finite: bool = False) -> NDArray[Any]:
        """Run the network.

        The interpreter's lock is released while it runs.

        Args:
            images: [N, H, W, C] of the model's input type, pixels 0 to 255 where that is uint8; [N, C] is taken too
                where the model's height and width are 1. Any N, 0 included. A numpy array, or whatever lends its
                memory by DLPack: a tensor of torch, JAX, CuPy's on the CPU, ... It is copied only where it is not
                contiguous.
            check_finite: refuse a float input that has a NaN or an infinity.

        Returns:
            float32 or int32 [N, H, W, C]; [N, C] where the output's height and width are 1.

        Raises:
            TypeError: images are neither a numpy array nor a DLPack tensor on the CPU, or of another type.
            ValueError: images have another shape, or are not finite and must be.
        """
        images = self._checked_input(images)
        if check_finite and images.dtype.kind == "f" and not np.isfinite(images).all():
            raise ValueError("images have a NaN or an infinity, and check_finite is set: clean them, or leave it out")
        tensor = self.model.tensors[self.model.output]
        output = _empty(tensor, len(images))
        self._native.run(images, len(images), output)
        return output.reshape(len(images), tensor.channels) if tensor.height == tensor.width == 1 else output

    def profile(self, images: Any) -> list[float]:
        """Microseconds of each op in one run of at most ``batch`` images, which are as for ``run``.

        Raises:
            TypeError, ValueError: as for ``run``, and where there are more images than ``batch``.
        """
        images = self._checked_input(images)
        if len(images) > self.batch:
            raise ValueError(f"{len(images)} images at once, but the session's batch is {self.batch}: make it larger")
        return [nanoseconds / 1e3 for nanoseconds in self._native.profile(images, len(images))]

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

    def trace(self, images: Any) -> list[NDArray[Any]]:
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

    def _checked_input(self, given: Any) -> NDArray[Any]:
        tensor = self.model.tensors[self.model.input]
        images = given if isinstance(given, np.ndarray) else _borrow(given, tensor.dtype)
        if images.shape == tensor.shape:
            raise ValueError(
                f"images have the shape {tensor.shape} of a single image: add the batch axis, images[None]"
            )
        if tensor.pixels == 1 and images.ndim == 2:
            images = images[:, None, None, :]
        return _checked(images, tensor, len(images) if images.ndim else 0)


def _borrow(given: Any, dtype: str) -> NDArray[Any]:
    """The memory of a DLPack tensor as a numpy array."""
    what = f"images are a {type(given).__module__}.{type(given).__qualname__}"
    if not hasattr(given, "__dlpack__"):
        raise TypeError(f"{what}: give a numpy array or a DLPack tensor of {dtype}")
    try:
        array: NDArray[Any] = np.from_dlpack(given)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise TypeError(f"{what} whose memory cannot be read: {error}; give it on the CPU, without gradient") from error
    return array


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
