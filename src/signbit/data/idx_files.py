"""Reading of the four idx files of MNIST and of sets of its form: plain or gzipped, equal to the published content."""

import gzip
import hashlib
import math
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from signbit.data.dataset import DataError, read_file

SIDE = 28


def holds_any(folder: Path, names: Mapping[str, str]) -> bool:
    """Whether one of the files is in the folder, plain or gzipped."""
    return any(os.path.exists(folder / f"{name}{suffix}") for name in names for suffix in ("", ".gz"))


def read_part(folder: Path, part: str, md5: Mapping[str, str], hint: str) -> tuple[Tensor, Tensor]:
    """Images uint8 (N, 1, 28, 28) and labels int64 (N,) of one part.

    Args:
        part: `train` or `t10k`.
        md5: of the content of each file when it is not gzipped: gzip notes a name and a time, so that copies of the
            same content differ.
        hint: where to get the files; it ends every message.

    Raises:
        DataError: a file is missing, or its content is not the published one to the byte.
    """
    images = _read(folder, f"{part}-images-idx3-ubyte", (SIDE, SIDE), md5, hint)
    return images.unsqueeze(1), _read(folder, f"{part}-labels-idx1-ubyte", (), md5, hint).long()


def _read(folder: Path, name: str, item: tuple[int, ...], md5: Mapping[str, str], hint: str) -> Tensor:
    path, data = _content(folder, name, hint)
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != md5[name]:
        fault = _fault(data, item) or f"its content has MD5 {found}, expected {md5[name]}"
        raise DataError(f"{path} is not the published file: {fault}; {hint}")
    return torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=_header(item).size).reshape(-1, *item)


def _content(folder: Path, name: str, hint: str) -> tuple[Path, bytes]:
    plain, zipped = folder / name, folder / f"{name}.gz"
    if os.path.lexists(plain):
        return plain, read_file(plain, hint)
    if not os.path.lexists(zipped):
        raise DataError(f"{plain} is missing, and {zipped.name} too; {hint}")
    try:
        return zipped, gzip.decompress(read_file(zipped, hint))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{zipped} is not a whole gzip file ({error}); {hint}") from error


def _header(item: tuple[int, ...]) -> struct.Struct:
    """Big-endian: two zeros, 8 for bytes, the number of sizes; then the sizes, the count of items first."""
    return struct.Struct(f">{2 + len(item)}i")


def _fault(data: bytes, item: tuple[int, ...]) -> str:
    """What is wrong with the form of an idx file; empty where only its values are others."""
    header, magic = _header(item), 0x801 + len(item)
    if len(data) < header.size:
        return f"it has {len(data)} bytes, fewer than its header of {header.size}"
    found, count, *sizes = header.unpack_from(data)
    if found != magic or tuple(sizes) != item or count < 0:
        return f"it starts with {found}, {count}, {sizes}; expected {magic}, a count, {list(item)}"
    expected = count * math.prod(item)
    held = len(data) - header.size
    return f"it holds {held} values, its header says {expected}" if held != expected else ""
