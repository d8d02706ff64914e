"""The signbit engine on raw buffers; signbit.engine is its face."""

from typing import Any

import numpy
import numpy.typing

class Model:
    """An immutable network, read from a model file."""

    @staticmethod
    def load(path: str) -> Model: ...
    @staticmethod
    def from_bytes(content: bytes) -> Model: ...
    @property
    def tensors(self) -> list[tuple[str, str, int, int, int]]: ...
    @property
    def ops(self) -> list[tuple[str, str, list[int], list[int], list[int], list[int]]]: ...
    def constant(self, i: int) -> tuple[str, bytes]:
        """Its type and its bytes."""

    @property
    def labels(self) -> list[str]: ...
    @property
    def metadata(self) -> str: ...
    @property
    def preprocessing(self) -> tuple[int, int]: ...
    @property
    def input(self) -> int: ...
    @property
    def output(self) -> int: ...
    @property
    def file_bytes(self) -> int: ...

class Session:
    """A model prepared to run."""

    def __init__(self, model: Model, threads: int, isa: str, batch: int, most_bytes: int) -> None: ...
    def run(self, input: numpy.typing.NDArray[Any], images: int, output: numpy.typing.NDArray[Any]) -> None: ...
    def profile(self, input: numpy.typing.NDArray[Any], images: int) -> list[int]:
        """Nanoseconds of each op in one run of at most `batch` images."""

    def run_op(
        self, op: int, inputs: list[numpy.typing.NDArray[Any]], images: int, outputs: list[numpy.typing.NDArray[Any]]
    ) -> None: ...
    def trace(self, images: int, tensors: list[numpy.typing.NDArray[Any]]) -> None: ...
    @property
    def isa(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def arena_bytes(self) -> int: ...

def isas() -> list[str]:
    """Names of the instruction sets in this build, best first."""

def supported_isas() -> list[str]:
    """Those that this processor can run."""

def clock_hertz() -> float:
    """Cycles a second of this core, measured; 0 where it cannot be."""

def pack_signs(values: numpy.typing.NDArray[numpy.float32], isa: str = "") -> numpy.typing.NDArray[numpy.uint64]:
    """
    Bit i % 64 of word i / 64 is 1 where values[i] >= 0 does not hold. Words: ceil(len(values) / 64).
    """
