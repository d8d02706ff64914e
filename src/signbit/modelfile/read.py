"""Read a model file in numpy alone.

It refuses what docs/file-format.md refuses, for the same reasons as the engine's reader. It is for tools and tests that
inspect files. Untrusted files go to the engine (`signbit.engine.Model.load`), whose reader alone is fuzzed.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from signbit.errors import ModelFileError
from signbit.modelfile import layout, ops
from signbit.modelfile.model import ModelFile
from signbit.modelfile.ops import Op, Record
from signbit.modelfile.tensor import DTYPES, ELEMENT_TYPES, Tensor
from signbit.preprocessing import FILTERS, Preprocessing

_MOST_FILE_BYTES = 2**31
_MOST_RECORDS = {"tensors": 2**16, "constants": 2**16, "ops": 2**16, "indices": 2**20, "strings": 2**16}
_MOST_SIDE, _MOST_CHANNELS, _MOST_ELEMENTS, _MOST_TENSOR_BYTES = 65535, 2**20, 2**28, 2**32
_MOST_CONSTANT_BYTES = 2**31

_TYPES = {code: name for name, code in DTYPES.items()}
_TENSOR_TYPES = ("uint8", "int32", "float32", "bits")
_CONSTANT_TYPES = ("int8", "int32", "float32", "bits")


def read(path: str | os.PathLike[str]) -> ModelFile:
    """The model file at ``path``.

    Raises:
        ModelFileError: the file cannot be read or breaks a rule of the format; the message names it.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read {os.fspath(path)}: {error.strerror}", "io") from error
    try:
        return from_bytes(content)
    except ModelFileError as error:
        raise ModelFileError(f"{os.fspath(path)}: {str(error).removeprefix('model file: ')}", error.kind) from None


def from_bytes(content: bytes) -> ModelFile:
    """The model file in memory; its constants are read-only views of ``content``.

    Raises:
        ModelFileError: the bytes break a rule of the format; its ``kind`` is a row of the page's error table.
    """
    return _Reader(bytes(content)).read()


def parse_metadata(text: str) -> dict[str, Any]:
    """The metadata of a file.

    Raises:
        ModelFileError: it is not a JSON object.
    """
    if not text:
        return {}
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"model file: the metadata is not JSON: {error}", "record") from error
    if not isinstance(metadata, dict):
        raise ModelFileError("model file: the metadata is JSON but not an object", "record")
    return metadata


def _fail(kind: str, message: str) -> NoReturn:
    raise ModelFileError(f"model file: {message}", kind)


class _Sections:
    """The header and the section table; of each section its bytes and records."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._read_header()
        self._parts: dict[str, tuple[memoryview, int]] = {}
        end = layout.FIRST_SECTION
        for index, name in enumerate(layout.SECTIONS):
            end = self._read_section(index, name, end)
        if any(content[end:]):
            _fail("layout", "the bytes after the last section are not zero")
        if end + layout.padding(end) != len(content):
            _fail("layout", f"{len(content)} bytes; the sections end at {end}, the file at the next multiple of 64")

    def _read_header(self) -> None:
        content, size = self._content, len(self._content)
        if size > _MOST_FILE_BYTES:
            _fail("limit", f"{size} bytes; at most 2^31 are allowed")
        if content[: len(layout.MAGIC)] != layout.MAGIC:
            _fail("not_a_model", "it does not begin with the mark of a .sbit file")
        if size < layout.FIRST_SECTION:
            _fail("truncated", f"{size} bytes; header and section table take {layout.FIRST_SECTION}")
        _, version, sections, file_bytes, *self.fields, reserved = layout.HEADER.unpack_from(content)
        if version != layout.VERSION:
            _fail("version", f"version {version}; this is a reader of version {layout.VERSION}: update signbit")
        if file_bytes != size:
            _fail("truncated", f"{size} bytes, but its header says {file_bytes}: it was truncated or extended")
        (checksum,) = layout.CHECKSUM.unpack_from(content, layout.HEADER.size)
        table = content[layout.HEADER_BYTES : layout.FIRST_SECTION]
        if checksum != zlib.crc32(content[: layout.HEADER.size] + table):
            _fail("checksum", "the header is damaged")
        if sections != len(layout.SECTIONS):
            _fail("record", f"{sections} sections; there must be {len(layout.SECTIONS)}")
        if any(reserved):
            _fail("record", "reserved header bytes are not zero")

    def _read_section(self, index: int, name: str, end: int) -> int:
        """Check a section and keep it; returns where it ends."""
        fields = layout.SECTION.unpack_from(self._content, layout.HEADER_BYTES + index * layout.SECTION.size)
        kind, checksum, offset, size, records = map(int, fields)
        start, form = end + layout.padding(end), layout.SECTIONS[name]
        if kind != index + 1:
            _fail("record", f"section {name}: kind {kind}; must be {index + 1}")
        if offset != start or start + size > len(self._content):
            _fail("layout", f"section {name}: {size} bytes at {offset}; it must begin at {start} and end in the file")
        if records > _MOST_RECORDS.get(name, 0):
            _fail("limit", f"section {name}: {records} records; at most {_MOST_RECORDS.get(name, 0)}")
        if form and size != records * form.size:
            _fail("layout", f"section {name}: {size} bytes for {records} records of {form.size}")
        if any(self._content[end:start]):
            _fail("layout", f"section {name}: the bytes before it are not zero")
        content = memoryview(self._content)[start : start + size]
        if zlib.crc32(content) != checksum:
            _fail("checksum", f"section {name}: damaged")
        self._parts[name] = content, records
        return start + size

    def content(self, name: str) -> memoryview:
        """The bytes of a section."""
        return self._parts[name][0]

    def records(self, name: str) -> Iterator[tuple[int, ...]]:
        """The fields of each record of a section."""
        form = layout.SECTIONS[name]
        assert form is not None
        return form.iter_unpack(self.content(name))


class _Reader:
    """One pass over the file; each step relies on what earlier steps checked."""

    def __init__(self, content: bytes) -> None:
        self._sections = _Sections(content)
        self._strings: list[str] = []
        self._tensors: list[Tensor] = []
        self._constants: list[NDArray[Any]] = []
        self._records: list[Record] = []
        self._used_indices = 0

    def read(self) -> ModelFile:
        self._read_strings()
        self._read_tensors()
        self._read_constants()
        self._read_ops()
        source, target, first_label, labels, resize, filter_code = self._sections.fields
        self._check_graph(source, target)
        self._check_ends(self._tensors[source], self._tensors[target])
        preprocessing = self._preprocessing(self._tensors[source], resize, filter_code)
        names = self._labels(self._tensors[target], first_label, labels)
        decoded = [self._decode(record) for record in self._records]
        metadata = parse_metadata(self._metadata)
        return ModelFile(self._tensors, decoded, source, target, names, metadata, preprocessing)

    def _read_strings(self) -> None:
        text, end = self._sections.content("text"), 0
        for i, (offset, size) in enumerate(self._sections.records("strings")):
            if offset != end or size > len(text) - end:
                _fail("layout", f"string {i} does not begin where the one before ends, or passes the text")
            if size > layout.MOST_STRING_BYTES:
                _fail("limit", f"string {i} passes {layout.MOST_STRING_BYTES} bytes")
            string = _decoded(text[end : end + size], f"string {i}")
            if layout.CONTROL_CHARACTER.search(string):
                _fail("record", f"string {i} has a control character; names are text to be shown")
            self._strings.append(string)
            end += size
        if end != len(text):
            _fail("layout", "the text has bytes that belong to no string")
        self._metadata = _decoded(self._sections.content("metadata"), "the metadata")

    def _string(self, i: int, what: str) -> str:
        if i >= len(self._strings):
            _fail("record", f"{what} has string {i} of {len(self._strings)}")
        return self._strings[i]

    def _read_tensors(self) -> None:
        total = 0
        for i, (code, height, width, channels, name, zero) in enumerate(self._sections.records("tensors")):
            dtype = _TYPES.get(code, "")
            if dtype not in _TENSOR_TYPES or zero:
                _fail("record", f"tensor {i}: type {code}; allowed are 1, 3, 4 and 5, then a zero")
            if not height or not width or not channels:
                _fail("record", f"tensor {i} is empty")
            if max(height, width) > _MOST_SIDE or channels > _MOST_CHANNELS:
                _fail("limit", f"tensor {i}: height and width go up to 65,535, channels to 1,048,576")
            tensor = Tensor(self._string(name, f"tensor {i}"), dtype, height, width, channels)
            if prod(tensor.shape) > _MOST_ELEMENTS:
                _fail("limit", f"tensor {i} has more than 2^28 elements")
            total += tensor.bytes
            if total > _MOST_TENSOR_BYTES:
                _fail("limit", "the tensors of an image take more than 2^32 bytes")
            self._tensors.append(tensor)

    def _read_constants(self) -> None:
        data, end = self._sections.content("data"), 0
        for i, (code, zero, elements, offset, size) in enumerate(self._sections.records("constants")):
            dtype = _TYPES.get(code, "")
            if dtype not in _CONSTANT_TYPES or zero:
                _fail("record", f"constant {i}: type {code}; allowed are 2 to 5, then a zero")
            if elements == 0 or size != elements * ELEMENT_TYPES[dtype].itemsize:
                _fail("layout", f"constant {i}: {size} bytes for {elements} elements")
            start = end + layout.padding(end)
            if offset != start or start + size > len(data):
                _fail("layout", f"constant {i}: offset {offset}; it must be {start}, and its bytes within the data")
            if any(data[end:start]):
                _fail("layout", f"constant {i}: the bytes before it are not zero")
            end = start + size
            self._constants.append(np.frombuffer(data[start:end], ELEMENT_TYPES[dtype]))
        if end != len(data):
            _fail("layout", "the data section does not end with the last constant")

    def _read_ops(self) -> None:
        constant_bytes = 0
        for i, (code, name, *spans, zero, another) in enumerate(self._sections.records("ops")):
            record = self._op(f"op {i}", code, name, spans, (zero, another))
            constant_bytes += sum(constant.nbytes for constant in record.constants)
            if constant_bytes > _MOST_CONSTANT_BYTES:
                _fail("limit", "the constants of the ops, each counted for every op that has it, pass 2^31 bytes")
            self._records.append(record)
        if self._used_indices * layout.INDEX.size != len(self._sections.content("indices")):
            _fail("layout", "the indices do not end with the last op's")

    def _op(self, title: str, code: int, name: int, spans: list[int], zeros: tuple[int, int]) -> Record:
        try:
            kind = ops.of_code(code).kind
        except ValueError as error:
            _fail("record", f"{title}: {error}")
        if any(zeros):
            _fail("record", f"{title}: the last two fields are {zeros}; they must be zero")
        text = self._string(name, title)
        pairs = zip(spans[::2], spans[1::2], strict=True)
        inputs = self._list(f"{title}: an input", *next(pairs), len(self._tensors))
        outputs = self._list(f"{title}: an output", *next(pairs), len(self._tensors))
        constants = self._list(f"{title}: a constant", *next(pairs), len(self._constants))
        attributes = self._list(f"{title}: an attribute", *next(pairs))
        signed = [value - 2**32 * (value >= 2**31) for value in attributes]
        return Record(kind, text, inputs, outputs, [self._constants[index] for index in constants], signed)

    def _list(self, title: str, first: int, count: int, allowed: int = 2**32) -> tuple[int, ...]:
        """The next indices, each less than ``allowed``: the lists of the ops follow one another."""
        content, size = self._sections.content("indices"), layout.INDEX.size
        if first != self._used_indices or count > len(content) // size - first:
            _fail("layout", f"{title}: the list does not begin where the one before ends, or passes the section")
        self._used_indices += count
        part = content[first * size : (first + count) * size]
        values = tuple(value for (value,) in layout.INDEX.iter_unpack(part))
        if any(value >= allowed for value in values):
            _fail("record", f"{title} is {max(values)}; there are {allowed}")
        return values

    def _check_graph(self, source: int, target: int) -> None:
        count = len(self._tensors)
        if max(source, target) >= count:
            _fail("record", f"input {source} and output {target} of {count} tensors")
        if source == target:
            _fail("graph", "the input and the output are the same tensor")
        written = {source}
        for i, record in enumerate(self._records):
            if not written.issuperset(record.inputs):
                _fail("graph", f"op {i} reads a tensor before it is written")
            for tensor in record.outputs:
                if tensor in written:
                    _fail("graph", f"tensor {tensor} is written by op {i}, and it is not the first")
                written.add(tensor)
        if len(written) != count:
            _fail("graph", f"of {count} tensors only {len(written)} are written")

    @staticmethod
    def _check_ends(source: Tensor, target: Tensor) -> None:
        if source.dtype not in ("uint8", "float32"):
            _fail("record", f"the input is {source.dtype}; it must be uint8 or float32")
        if target.dtype not in ("int32", "float32"):
            _fail("record", f"the output is {target.dtype}; it must be float32 or int32")

    @staticmethod
    def _preprocessing(source: Tensor, resize: int, code: int) -> Preprocessing | None:
        if code == 0 and resize == 0:
            return None
        if source.dtype != "uint8" or not 1 <= code <= len(FILTERS):
            _fail("record", f"photos are read with filter {code}, and the input is {source}")
        preprocessing = Preprocessing(resize, FILTERS[code - 1])
        try:
            preprocessing.check(*source.shape)
        except ValueError as error:
            _fail("record", str(error))
        return preprocessing

    def _labels(self, target: Tensor, first: int, count: int) -> list[str]:
        if count == 0 and first != 0:
            _fail("record", "a first label, but no labels")
        if count and (count != target.channels or first + count > len(self._strings)):
            _fail("record", f"{count} labels from string {first}; there are {target.channels} output channels")
        return self._strings[first : first + count]

    def _decode(self, record: Record) -> Op:
        try:
            return ops.decode(record, self._tensors)
        except ValueError as error:
            _fail("op", str(error))


def _decoded(text: memoryview, what: str) -> str:
    try:
        return str(text, "utf-8")
    except UnicodeDecodeError:
        _fail("record", f"{what} is not UTF-8")
