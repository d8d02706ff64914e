"""Write a model file: the records of ``docs/file-format.md``, from numpy arrays alone."""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile import layout, ops
from signbit.modelfile.model import ModelFile
from signbit.modelfile.ops import Record
from signbit.modelfile.tensor import DTYPES, ELEMENT_TYPES, Tensor
from signbit.preprocessing import FILTERS

_CONSTANT_TYPES = {name: dtype for name, dtype in ELEMENT_TYPES.items() if name != "uint8"}


def to_bytes(model: ModelFile) -> bytes:
    """The model file as bytes.

    A constant that several ops share (the same memory with the same type) is written once.

    Raises:
        ValueError: the format does not have the type of a tensor or constant; the number of labels is neither 0 nor the
            number of output channels; a label or name has a control character, cannot be written as UTF-8, or is longer
            than 65,535 bytes; or the input does not allow the preprocessing. The engine checks the rest when it loads
            the file.
    """
    _check_label_count(model)
    photos = _photos(model)
    texts, constants, indices = _Texts(), _Constants(), _Indices()
    tensors = b"".join(_tensor_record(tensor, texts) for tensor in model.tensors)
    records = b"".join(_op_record(op.record(), texts, constants, indices) for op in model.ops)
    first_label = len(texts.spans) if model.labels else 0
    for label in model.labels:
        texts.add(label, "label")
    metadata = json.dumps(model.metadata, sort_keys=True, ensure_ascii=False).encode() if model.metadata else b""
    sections = [
        (tensors, len(model.tensors)),
        (b"".join(constants.records), len(constants.records)),
        (records, len(model.ops)),
        (b"".join(indices.values), len(indices.values)),
        (b"".join(texts.spans), len(texts.spans)),
        (b"".join(texts.chunks), 0),
        (metadata, 0),
        (bytes(constants.data), 0),
    ]
    return _whole_file(sections, model.input, model.output, first_label, len(model.labels), *photos)


def write(model: ModelFile, path: str | os.PathLike[str]) -> int:
    """Write the model file, so that ``path`` holds either the old content or all of the new; returns its size in bytes.

    Raises:
        ValueError: as for ``to_bytes``; nothing is written then.
        OSError: the file cannot be written.
    """
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


def _check_label_count(model: ModelFile) -> None:
    channels = model.tensors[model.output].channels
    if model.labels and len(model.labels) != channels:
        raise ValueError(
            f"{len(model.labels)} labels for an output of {channels} channels: give one label for each channel, or none"
        )


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


class _Texts:
    def __init__(self) -> None:
        self.spans: list[bytes] = []
        self.chunks: list[bytes] = []
        self.bytes = 0

    def add(self, text: str, what: str) -> int:
        encoded = _encoded(text, what)
        self.spans.append(layout.STRING.pack(self.bytes, len(encoded)))
        self.chunks.append(encoded)
        self.bytes += len(encoded)
        return len(self.spans) - 1


def _encoded(text: str, what: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} {text!r} cannot be written as UTF-8: it has an unpaired surrogate") from None
    if layout.CONTROL_CHARACTER.search(text):
        raise ValueError(f"{what} {text!r} has a control character; names and labels are shown as text")
    if len(encoded) > layout.MOST_STRING_BYTES:
        raise ValueError(f"{what} {text[:20]!r}... takes {len(encoded)} bytes; at most {layout.MOST_STRING_BYTES}")
    return encoded


class _Constants:
    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.data = bytearray()
        # By type, address and size; holds the array, so that its memory is not given to another.
        self.written: dict[tuple[str, int, int], tuple[int, NDArray[Any]]] = {}

    def add(self, given: NDArray[Any], op: str) -> int:
        dtype = _constant_type(given, op)
        array = np.ascontiguousarray(given, ELEMENT_TYPES[dtype])
        memory = dtype, array.ctypes.data, array.nbytes
        if memory not in self.written:
            self.written[memory] = self._append(array, dtype), array
        return self.written[memory][0]

    def _append(self, array: NDArray[Any], dtype: str) -> int:
        self.data.extend(bytes(layout.padding(len(self.data))))
        self.records.append(layout.CONSTANT.pack(DTYPES[dtype], 0, array.size, len(self.data), array.nbytes))
        self.data.extend(array.tobytes())
        return len(self.records) - 1


class _Indices:
    def __init__(self) -> None:
        self.values: list[bytes] = []

    def add(self, values: Sequence[int]) -> tuple[int, int]:
        first = len(self.values)
        self.values.extend(layout.INDEX.pack(value) for value in values)
        return first, len(values)

    def add_attributes(self, values: Sequence[int]) -> tuple[int, int]:
        first = len(self.values)
        self.values.extend(layout.ATTRIBUTE.pack(value) for value in values)
        return first, len(values)


def _constant_type(array: NDArray[Any], op: str) -> str:
    for name, dtype in _CONSTANT_TYPES.items():
        if array.dtype == dtype:
            return name
    raise ValueError(
        f"op {op!r} has a constant of type {array.dtype}: allowed are int8, int32, float32 and uint64 (bits)"
    )


def _tensor_record(tensor: Tensor, texts: _Texts) -> bytes:
    if tensor.dtype not in DTYPES:
        raise ValueError(f"type of tensor {tensor.name!r}: {tensor.dtype!r} is not one of {', '.join(DTYPES)}")
    name = texts.add(tensor.name, "the name of a tensor,")
    return layout.TENSOR.pack(DTYPES[tensor.dtype], *tensor.shape, name, 0)


def _op_record(op: Record, texts: _Texts, constants: _Constants, indices: _Indices) -> bytes:
    spans = (
        indices.add(op.inputs),
        indices.add(op.outputs),
        indices.add([constants.add(array, op.name) for array in op.constants]),
        indices.add_attributes(op.attributes),
    )
    name = texts.add(op.name, "the name of an op,")
    return layout.OP.pack(ops.of_kind(op.kind).code, name, *(value for span in spans for value in span), 0, 0)


def _whole_file(sections: Sequence[tuple[bytes, int]], *fields: int) -> bytes:
    """The header with its fields from the input on, the section table, and the sections."""
    table, body = bytearray(), bytearray()
    for kind, (content, records) in enumerate(sections, 1):
        table += layout.SECTION.pack(kind, zlib.crc32(content), layout.FIRST_SECTION + len(body), len(content), records)
        body += content
        body += bytes(layout.padding(len(body)))
    file_bytes = layout.FIRST_SECTION + len(body)
    header = layout.HEADER.pack(layout.MAGIC, layout.VERSION, len(sections), file_bytes, *fields, bytes(12))
    return header + layout.CHECKSUM.pack(zlib.crc32(header + table)) + table + body
