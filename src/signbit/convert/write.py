"""Write a model file: the records of ``docs/file-format.md``, from numpy arrays alone."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.preprocessing import FILTERS, Preprocessing

MAGIC = b"\x89SBIT\r\n\x1a"
VERSION = 1
HEADER_BYTES = 64
SECTION_RECORD_BYTES = 32
SECTIONS = 8
ALIGNMENT = 64

DTYPES = {"uint8": 1, "int8": 2, "int32": 3, "float32": 4, "bits": 5}
OP_KINDS = {
    "integer_conv": 1,
    "float_conv": 2,
    "binary_conv": 3,
    "threshold": 4,
    "pointwise": 5,
    "max_pool": 6,
    "concat": 7,
    "flatten": 8,
    "lookup": 9,
}
STEPS = {
    "add": 1,
    "subtract": 2,
    "multiply": 3,
    "divide": 4,
    "minimum": 5,
    "maximum": 6,
    "fma": 7,
    "prelu": 8,
    "sigmoid": 9,
    "silu": 10,
}

# The numpy type in which a constant of each file type is held; a uint64 is a word of 64 signs.
CONSTANT_TYPES: dict[str, np.dtype[Any]] = {
    "int8": np.dtype("<i1"),
    "int32": np.dtype("<i4"),
    "float32": np.dtype("<f4"),
    "bits": np.dtype("<u8"),
}


@dataclass(frozen=True)
class Tensor:
    """An image of height x width x channels that an op reads or writes; ``dtype`` is a key of ``DTYPES``."""

    name: str
    dtype: str
    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Op:
    """One step of the network.

    Args:
        kind: a key of ``OP_KINDS``.
        name: what messages and reports call it.
        inputs: indices of the tensors it reads.
        outputs: indices of the tensors it writes.
        constants: arrays of int8, int32, float32 or uint64 (bits); an array given to several ops is written once.
        attributes: integers, in the order of the op's table.
    """

    kind: str
    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    constants: Sequence[NDArray[Any]] = ()
    attributes: Sequence[int] = ()


@dataclass(frozen=True)
class ModelFile:
    """A whole network; ``input`` and ``output`` are indices into ``tensors``.

    ``preprocessing`` says how a photo becomes the input, which is uint8 with 1 or 3 channels then; None says nothing.
    """

    tensors: Sequence[Tensor]
    ops: Sequence[Op]
    input: int
    output: int
    labels: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None


def to_bytes(model: ModelFile) -> bytes:
    """The model file as bytes.

    Raises:
        ValueError: an op kind, dtype or constant type that the format does not have, a label count that is neither 0
            nor the number of output channels, or a preprocessing that the input does not allow. The rest is checked by
            the engine when it loads the file.
    """
    if model.labels and len(model.labels) != model.tensors[model.output].channels:
        raise ValueError(
            f"{len(model.labels)} labels for an output of {model.tensors[model.output].channels} channels: "
            "give one label for each channel, or none"
        )
    photos = _photos(model)
    texts = _Texts()
    tensors = b"".join(_tensor_record(tensor, texts) for tensor in model.tensors)
    constants = _Constants()
    indices = _Indices()
    ops = b"".join(_op_record(op, texts, constants, indices) for op in model.ops)
    first_label = len(texts.spans) if model.labels else 0
    for label in model.labels:
        texts.add(label)
    metadata = json.dumps(model.metadata, sort_keys=True, ensure_ascii=False).encode() if model.metadata else b""
    sections = [
        (tensors, len(model.tensors)),
        (b"".join(constants.records), len(constants.records)),
        (ops, len(model.ops)),
        (b"".join(indices.values), len(indices.values)),
        (b"".join(texts.spans), len(texts.spans)),
        (b"".join(texts.chunks), 0),
        (metadata, 0),
        (bytes(constants.data), 0),
    ]
    table, body = _lay_out(sections)
    file_bytes = HEADER_BYTES + len(table) + len(body)
    header = MAGIC + struct.pack(
        "<IIQIIIIII12x",
        VERSION,
        SECTIONS,
        file_bytes,
        model.input,
        model.output,
        first_label,
        len(model.labels),
        *photos,
    )
    return header + struct.pack("<I", zlib.crc32(header + table)) + table + body


def _photos(model: ModelFile) -> tuple[int, int]:
    """The header's fields resize and filter."""
    if model.preprocessing is None:
        return 0, 0
    tensor = model.tensors[model.input]
    if tensor.dtype != "uint8":
        raise ValueError(
            f"preprocessing is of photos, but the model reads {tensor.dtype}; convert it from uint8 images"
        )
    model.preprocessing.check(tensor.height, tensor.width, tensor.channels)
    return model.preprocessing.resize, 1 + FILTERS.index(model.preprocessing.filter)


def write(model: ModelFile, path: str | os.PathLike[str]) -> int:
    """Write the model file so that ``path`` holds either the old content or all of the new; returns its bytes."""
    data = to_bytes(model)
    target = Path(path)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp's 0600 would make the model unreadable to a server's user
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return len(data)


class _Texts:
    def __init__(self) -> None:
        self.spans: list[bytes] = []
        self.chunks: list[bytes] = []
        self.bytes = 0

    def add(self, text: str) -> int:
        encoded = text.encode()
        self.spans.append(struct.pack("<II", self.bytes, len(encoded)))
        self.chunks.append(encoded)
        self.bytes += len(encoded)
        return len(self.spans) - 1


class _Constants:
    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.data = bytearray()
        self.written: dict[int, tuple[int, NDArray[Any]]] = {}  # holds the array, so that its id stays its own

    def add(self, array: NDArray[Any], op: str) -> int:
        if id(array) in self.written:
            return self.written[id(array)][0]
        dtype = _constant_type(array, op)
        raw = np.ascontiguousarray(array, CONSTANT_TYPES[dtype]).tobytes()
        self.data.extend(bytes(-len(self.data) % ALIGNMENT))
        record = struct.pack("<IIQQQ", DTYPES[dtype], 0, array.size, len(self.data), len(raw))
        self.data.extend(raw)
        self.records.append(record)
        index = len(self.records) - 1
        self.written[id(array)] = (index, array)
        return index


class _Indices:
    def __init__(self) -> None:
        self.values: list[bytes] = []

    def add(self, values: Sequence[int], code: str) -> tuple[int, int]:
        first = len(self.values)
        self.values.extend(struct.pack(f"<{code}", int(value)) for value in values)
        return first, len(values)


def _constant_type(array: NDArray[Any], op: str) -> str:
    for name, dtype in CONSTANT_TYPES.items():
        if array.dtype == dtype:
            return name
    raise ValueError(
        f"op {op!r} has a constant of type {array.dtype}: allowed are int8, int32, float32 and uint64 (bits)"
    )


def _code(table: Mapping[str, int], name: str, what: str) -> int:
    if name not in table:
        raise ValueError(f"{what} {name!r} is not one of {', '.join(table)}")
    return table[name]


def _tensor_record(tensor: Tensor, texts: _Texts) -> bytes:
    code = _code(DTYPES, tensor.dtype, f"type of tensor {tensor.name!r}:")
    return struct.pack("<IIIIII", code, tensor.height, tensor.width, tensor.channels, texts.add(tensor.name), 0)


def _op_record(op: Op, texts: _Texts, constants: _Constants, indices: _Indices) -> bytes:
    spans = (
        indices.add(op.inputs, "I"),
        indices.add(op.outputs, "I"),
        indices.add([constants.add(array, op.name) for array in op.constants], "I"),
        indices.add(op.attributes, "i"),
    )
    kind = _code(OP_KINDS, op.kind, f"kind of op {op.name!r}:")
    return struct.pack("<II", kind, texts.add(op.name)) + b"".join(struct.pack("<II", *s) for s in spans) + bytes(8)


def _lay_out(sections: Sequence[tuple[bytes, int]]) -> tuple[bytes, bytes]:
    table = bytearray()
    body = bytearray()
    start = HEADER_BYTES + SECTION_RECORD_BYTES * len(sections)
    for kind, (content, records) in enumerate(sections, 1):
        table += struct.pack("<IIQQQ", kind, zlib.crc32(content), start + len(body), len(content), records)
        body += content
        body += bytes(-len(body) % ALIGNMENT)
    return bytes(table), bytes(body)
