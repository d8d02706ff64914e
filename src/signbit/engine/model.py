"""A model file, read and checked."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signbit.engine import _native
from signbit.errors import ModelFileError
from signbit.modelfile import ModelFile, Op, Tensor, ops
from signbit.modelfile.read import parse_metadata
from signbit.modelfile.tensor import ELEMENT_TYPES
from signbit.preprocessing import FILTERS, Preprocessing

if TYPE_CHECKING:
    from signbit.engine.session import Session


class Model:
    """An immutable network, which any number of sessions may run."""

    def __init__(self, native: _native.Model) -> None:
        self._native = native

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file.

        Raises:
            ModelFileError: the file cannot be read or breaks a rule of the format.
        """
        name = os.fspath(path)
        try:
            return cls(_native.Model.load(name))
        except ModelFileError as error:
            if name in str(error):
                raise
            raise ModelFileError(f"{name}: {str(error).removeprefix('model file: ')}", error.kind) from None

    @classmethod
    def from_bytes(cls, content: bytes) -> Model:
        """Read a model file that is in memory.

        Raises:
            ModelFileError: the bytes break a rule of the format.
        """
        return cls(_native.Model.from_bytes(content))

    @cached_property
    def tensors(self) -> list[Tensor]:
        """The tensors of one image; the batch is not part of a model file."""
        return [Tensor(*record) for record in self._native.tensors]

    @cached_property
    def ops(self) -> list[Op]:
        """The ops, in the order in which they run; their constants are read-only."""
        arrays: dict[int, NDArray[Any]] = {}
        decoded = []
        for kind, name, inputs, outputs, constants, attributes in self._native.ops:
            arrays.update({i: self._constant(i) for i in constants if i not in arrays})
            record = ops.Record(kind, name, inputs, outputs, [arrays[i] for i in constants], attributes)
            decoded.append(ops.decode(record, self.tensors))
        return decoded

    def _constant(self, i: int) -> NDArray[Any]:
        dtype, content = self._native.constant(i)
        return np.frombuffer(content, dtype=ELEMENT_TYPES[dtype])

    @cached_property
    def file(self) -> ModelFile:
        """The whole content of the file, which can be changed and written again.

        Raises:
            ModelFileError: the metadata is not a JSON object.
        """
        return ModelFile(
            self.tensors, self.ops, self.input, self.output, self.labels, self.metadata, self.preprocessing
        )

    @property
    def input(self) -> int:
        """Index of the input tensor."""
        return self._native.input

    @property
    def output(self) -> int:
        """Index of the output tensor."""
        return self._native.output

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.tensors[self.input].shape

    @property
    def input_dtype(self) -> np.dtype[Any]:
        """uint8 or float32."""
        return ELEMENT_TYPES[self.tensors[self.input].dtype]

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a result."""
        return self.tensors[self.output].shape

    @cached_property
    def labels(self) -> list[str]:
        """The names of the classes, one for each output channel, or none."""
        return self._native.labels

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What the writer noted about the model.

        Raises:
            ModelFileError: it is not a JSON object.
        """
        return parse_metadata(self._native.metadata)

    @property
    def preprocessing(self) -> Preprocessing | None:
        """How a photo becomes the pixels that the model reads; None where the file does not say."""
        resize, code = self._native.preprocessing
        return Preprocessing(resize, FILTERS[code - 1]) if code else None

    @property
    def file_bytes(self) -> int:
        """The size of the model file."""
        return self._native.file_bytes

    def session(self, threads: int = 1, isa: str | None = None, batch: int = 1, most_bytes: int = 2**32) -> Session:
        """Prepare the model to run.

        Args:
            threads: 1 to 256, the calling one included.
            isa: one of ``supported_isas()``; without it the environment's SIGNBIT_ISA, else the best.
            batch: images that go through the network together; more take more memory and reuse weights.
            most_bytes: what the session may allocate. A file of a few KB can name tensors of 4 GB: what takes more is
                refused before it is allocated.

        Raises:
            IsaError: the instruction set is unknown, or this processor cannot run it.
            ModelFileError: of kind ``limit``: the session takes more than ``most_bytes``, or than there is.
            ValueError: threads or batch are out of range.
        """
        from signbit.engine.session import Session

        return Session(self, threads=threads, isa=isa, batch=batch, most_bytes=most_bytes)
