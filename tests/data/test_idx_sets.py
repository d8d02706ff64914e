"""MNIST and Fashion-MNIST: plain and gzipped files, where they are looked for, and what a wrong file is told."""

from __future__ import annotations

import gzip
import hashlib
import re
import struct
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from signbit import data
from signbit.data import DataError, fashion_mnist, mnist

SETS = {"mnist": mnist, "fashion_mnist": fashion_mnist}
FOLDERS = {"mnist": "mnist", "fashion_mnist": "fashion-mnist"}


def idx(magic: int, *sizes: int, values: bytes | None = None) -> bytes:
    count = int(np.prod(sizes))
    return struct.pack(f">{1 + len(sizes)}i", magic, *sizes) + (
        bytes(i % 10 for i in range(count)) if values is None else values
    )


FILES = {
    name: content
    for part, count in (("train", 40), ("t10k", 20))
    for name, content in (
        (f"{part}-images-idx3-ubyte", idx(2051, count, 28, 28)),
        (f"{part}-labels-idx1-ubyte", idx(2049, count)),
    )
}


def write_files(folder: Path, zipped: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in FILES.items():
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


@pytest.fixture(params=SETS)
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Name of a set whose published files are small ones of the same form; Debian's package is not installed."""
    name: str = request.param
    monkeypatch.delenv("SIGNBIT_DATA", raising=False)
    monkeypatch.setattr(SETS[name], "MD5", {name: hashlib.md5(content).hexdigest() for name, content in FILES.items()})
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "debian")
    return name


@pytest.mark.parametrize("zipped", [True, False])
def test_files(zipped: bool, small: str, tmp_path: Path) -> None:
    place = tmp_path / FOLDERS[small]
    write_files(place, zipped)
    for folder in (tmp_path, place):
        splits = data.load(small, folder, held_out=0.25)
        assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [30, 10, 20]
        assert splits.test.images.shape == (20, 1, 28, 28)
        assert splits.test.labels.tolist() == [i % 10 for i in range(20)]
        assert splits.test.images.flatten()[:12].tolist() == [*range(10), 0, 1]
        assert len(splits.test.class_names) == 10


def test_nothing_there(small: str, tmp_path: Path) -> None:
    hint = re.escape(SETS[small].HINT)
    with pytest.raises(DataError, match=f"{small}: no data folder given; name it, or set SIGNBIT_DATA; {hint}"):
        data.load(small)
    with pytest.raises(DataError, match=f"nowhere does not exist; {hint}"):
        data.load(small, tmp_path / "nowhere")
    with pytest.raises(DataError, match=f"train-images-idx3-ubyte is missing, and .*ubyte.gz too; {hint}"):
        data.load(small, tmp_path)
    (tmp_path / FOLDERS[small]).write_bytes(b"a file")
    with pytest.raises(DataError, match=f"{FOLDERS[small]} is a file, expected a folder; {hint}"):
        data.load(small, tmp_path)
    with pytest.raises(DataError, match=f"{FOLDERS[small]} is not a folder; {hint}"):
        data.load(small, tmp_path / FOLDERS[small])


@pytest.mark.parametrize("name", FILES)
def test_one_file_is_missing(name: str, small: str, tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing, and {name}.gz too; the files are at https://"):
        data.load(small, tmp_path)


def test_a_folder_where_a_file_should_be(small: str, tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    (tmp_path / "t10k-labels-idx1-ubyte").mkdir()
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte cannot be read: Is a directory; the files are at"):
        data.load(small, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", b"", "it has 0 bytes, fewer than its header of 16"),
        ("train-images-idx3-ubyte", b"\0\0", "it has 2 bytes, fewer than its header of 16"),
        ("train-images-idx3-ubyte", idx(2049, 40, 28, 28), r"starts with 2049, 40, \[28, 28\]; expected 2051"),
        ("train-images-idx3-ubyte", idx(2051, 40, 8, 8), r"starts with 2051, 40, \[8, 8\]; expected 2051"),
        ("train-images-idx3-ubyte", FILES["train-images-idx3-ubyte"][:-1], "holds 31359 values, its header says 31360"),
        ("train-images-idx3-ubyte", idx(2051, -1, 28, 28, values=b""), "starts with 2051, -1"),
        ("t10k-labels-idx1-ubyte", idx(2049, 19), "its content has MD5 .*, expected "),
        ("t10k-labels-idx1-ubyte", idx(2049, 20, values=bytes([11] * 20)), "its content has MD5 .*, expected "),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_wrong_files(name: str, content: bytes, message: str, zipped: bool, small: str, tmp_path: Path) -> None:
    write_files(tmp_path, zipped)
    path = tmp_path / (f"{name}.gz" if zipped else name)
    path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match=f"{path.name} is not the published file: .*{message}.*; the files are at http"):
        data.load(small, tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:5], lambda b: b"not gzip", lambda b: b + b"more"])
def test_broken_gzip(damage: object, small: str, tmp_path: Path) -> None:
    write_files(tmp_path, zipped=True)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is not a whole gzip file .*; the files are at"):
        data.load(small, tmp_path)


def test_one_set_is_not_taken_for_the_other(small: str, tmp_path: Path) -> None:
    """Their files have the same names and the same form."""
    write_files(tmp_path)
    other = next(name for name in SETS if name != small)
    with pytest.raises(DataError, match="train-images-idx3-ubyte is not the published file: its content has MD5"):
        data.load(other, tmp_path)


@pytest.mark.parametrize("small", ["fashion_mnist"], indirect=True)
def test_debians_files(small: str, tmp_path: Path) -> None:
    write_files(tmp_path / "debian", zipped=True)
    (tmp_path / "elsewhere").mkdir()
    for folder in (None, tmp_path / "elsewhere"):
        assert len(data.load(small, folder).test) == 20
    with pytest.raises(DataError, match="nowhere does not exist"):
        data.load(small, tmp_path / "nowhere")
    (tmp_path / "elsewhere" / "t10k-images-idx3-ubyte").write_bytes(b"own files are never passed over")
    with pytest.raises(DataError, match="elsewhere/train-images-idx3-ubyte is missing"):
        data.load(small, tmp_path / "elsewhere")


def check_statistics(splits: data.Splits, module: ModuleType) -> None:
    assert len(splits.train) + len(splits.held_out) == 60_000
    assert len(splits.test) == 10_000
    pixels = splits.train.images.double() / 255
    assert pixels.mean().item() == pytest.approx(module.MEAN[0], abs=5e-4)
    assert pixels.std().item() == pytest.approx(module.STD[0], abs=5e-4)


def test_published_mnist(data_dir: Path) -> None:
    splits = data.load("mnist", data_dir)
    assert splits.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    check_statistics(splits, mnist)


def test_published_fashion_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    if not fashion_mnist.DEBIAN.is_dir():
        pytest.skip("Fashion-MNIST is not here: apt-get install dataset-fashion-mnist")
    monkeypatch.delenv("SIGNBIT_DATA", raising=False)
    splits = data.load("fashion_mnist")
    names = splits.test.class_names
    assert [names[label] for label in splits.test.labels[:4]] == ["Ankle boot", "Pullover", "Trouser", "Trouser"]
    assert splits.held_out.labels.bincount().tolist() == [600] * 10
    check_statistics(splits, fashion_mnist)
