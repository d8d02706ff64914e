"""MNIST from its four idx files, gzipped or not."""

import gzip
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from signbit.data.dataset import DataError, Dataset, Splits, need_folder, split_training

SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049
SIDE = 28
MEAN, STD = (0.1307,), (0.3081,)


def load(folder: Path | None, split: int, held_out: float) -> Splits:
    """Load 60,000 and 10,000 images (1, 28, 28) from `folder`/mnist, or from `folder` itself.

    Raises:
        DataError: a file is missing, truncated or not an idx file of that kind.

    Source:
        LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition",
        doi:10.1109/5.726791.
    """
    folder = need_folder(folder, "mnist", SOURCE)
    if (folder / "mnist").is_dir():
        folder = folder / "mnist"
    return split_training(_part(folder, "train"), _part(folder, "t10k"), split, held_out)


def _part(folder: Path, part: str) -> Dataset:
    images = _read(folder, f"{part}-images-idx3-ubyte", IMAGES_MAGIC, (SIDE, SIDE)).unsqueeze(1)
    labels = _read(folder, f"{part}-labels-idx1-ubyte", LABELS_MAGIC, ()).long()
    if len(images) != len(labels):
        raise DataError(f"mnist: {folder} holds {len(images)} images but {len(labels)} labels for {part}")
    if len(labels) and int(labels.max()) > 9:
        raise DataError(f"mnist: {folder}/{part}-labels-idx1-ubyte holds the label {int(labels.max())}; 0 to 9 exist")
    return Dataset(images, labels, tuple("0123456789"), MEAN, STD)


def _read(folder: Path, name: str, magic: int, shape: tuple[int, ...]) -> Tensor:
    """Values of one idx file: big-endian magic, count, the sizes of an item, then bytes."""
    path, data = _bytes(folder, name)
    header = struct.Struct(f">{2 + len(shape)}i")
    if len(data) < header.size:
        raise DataError(
            f"mnist: {path} has {len(data)} bytes, fewer than its header of {header.size}; get it at {SOURCE}"
        )
    found_magic, count, *sizes = header.unpack_from(data)
    if found_magic != magic or tuple(sizes) != shape or count < 0:
        raise DataError(
            f"mnist: {path} starts with {found_magic}, {count}, {sizes}; expected {magic}, a count, {list(shape)}; "
            f"get it at {SOURCE}"
        )
    values = torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=header.size) if count else torch.empty(0)
    expected = count
    for size in shape:
        expected *= size
    if values.numel() != expected:
        raise DataError(f"mnist: {path} holds {values.numel()} values, its header says {expected}; get it at {SOURCE}")
    return values.to(torch.uint8).reshape(count, *shape)


def _bytes(folder: Path, name: str) -> tuple[Path, bytes]:
    plain, zipped = folder / name, folder / f"{name}.gz"
    if plain.is_file():
        return plain, plain.read_bytes()
    if not zipped.is_file():
        raise DataError(f"mnist: {plain} is missing, and {name}.gz too; get it at {SOURCE}")
    try:
        return zipped, gzip.decompress(zipped.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"mnist: {zipped} is not a whole gzip file ({error}); get it at {SOURCE}") from error
