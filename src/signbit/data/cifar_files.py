"""Reading of the published CIFAR pickles: checked against their MD5 first, unpickled with four names allowed."""

import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from signbit.data.dataset import DataError, Dataset, read_file

SOURCE = "https://www.cs.toronto.edu/~kriz/cifar.html"
HINT = f"get the python version at {SOURCE} and unpack it"
SIDE = 32

# All that a pickle of bytes, lists and one array of bytes needs. Anything else could run code.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which a CIFAR file has no use for")
        if name == "_reconstruct":
            return np.empty(0).__reduce__()[0]  # numpy moved it; an array knows where it is
        return getattr(np, name)


def unpickle(path: Path, data: bytes) -> dict[bytes, Any]:
    """The dictionary in a pickle of plain values and numpy arrays.

    Raises:
        DataError: it is no such pickle.
    """
    try:
        found = _ArraysOnly(io.BytesIO(data), encoding="bytes").load()
    except Exception as error:  # a broken pickle raises whatever the broken opcode meets
        raise DataError(f"{path} cannot be read as a CIFAR file: {error}; {HINT}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds a {type(found).__name__}, not a dictionary; {HINT}")
    return found


def read(folder: Path, name: str, md5: Mapping[str, str]) -> dict[bytes, Any]:
    """One published file, equal to it to the byte.

    Raises:
        DataError: it is missing, or its MD5 is another.
    """
    path = folder / name
    data = read_file(path, HINT)
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != md5[name]:
        raise DataError(f"{path} has {len(data)} bytes and MD5 {found}, expected {md5[name]}; {HINT}")
    return unpickle(path, data)


def dataset(
    parts: list[dict[bytes, Any]], labels: bytes, names: list[bytes], mean: tuple[float, ...], std: tuple[float, ...]
) -> Dataset:
    """Images (N, 3, 32, 32) and labels of files that belong together."""
    pixels = np.concatenate([part[b"data"] for part in parts]).reshape(-1, 3, SIDE, SIDE)
    numbers = torch.tensor([label for part in parts for label in part[labels]], dtype=torch.int64)
    return Dataset(torch.from_numpy(pixels), numbers, tuple(name.decode() for name in names), mean, std)
