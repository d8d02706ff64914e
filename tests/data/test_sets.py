"""Data sets: their splits, and what a wrong file is told."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from signbit import data
from signbit.data import DataError, cifar10, cifar100, cifar_files
from signbit.data.dataset import stratified
from signbit.errors import SignbitError


def test_names() -> None:
    small, own = ["cifar10", "cifar100", "digits", "fashion_mnist"], ["hub", "image_folder"]
    assert data.names() == [*small, *own, "mnist", "tiny_imagenet"]
    with pytest.raises(ValueError, match="no 'imagenet'; there are cifar10, cifar100, digits, fashion_mnist, "):
        data.load("imagenet")
    assert issubclass(DataError, SignbitError)
    assert issubclass(DataError, ValueError)


def test_digits() -> None:
    splits = data.load("digits")
    assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [1295, 143, 359]
    for part in (splits.train, splits.held_out, splits.test):
        assert part.images.dtype == torch.uint8
        assert part.images.shape[1:] == (1, 8, 8)
        assert part.labels.dtype == torch.int64
        counts = part.labels.bincount(minlength=10)
        assert counts.max() - counts.min() <= len(part) // 50 + 1  # each class has its share
    assert splits.train.images.max() == 255
    assert splits.train.class_names == tuple("0123456789")
    pixels = splits.train.images.double() / 255
    assert pixels.mean().item() == pytest.approx(splits.train.mean[0], abs=0.002)
    assert pixels.std().item() == pytest.approx(splits.train.std[0], abs=0.002)


def test_split_is_a_function_of_its_seed() -> None:
    first, again, other = (data.load("digits", split=s) for s in (1, 1, 2))
    for part in ("train", "held_out", "test"):
        assert torch.equal(getattr(first, part).images, getattr(again, part).images)
    assert not torch.equal(first.test.images, other.test.images)


def test_stratified(seed: int) -> None:
    labels = torch.randint(0, 5, (503,), generator=torch.Generator().manual_seed(seed))
    rest, share = stratified(labels, 0.2, seed)
    assert sorted([*rest.tolist(), *share.tolist()]) == list(range(503))
    for label in range(5):
        assert (labels[share] == label).sum() == round(0.2 * int((labels == label).sum()))


@pytest.mark.parametrize("held_out", [-0.1, 0.6])
def test_wrong_share(held_out: float) -> None:
    with pytest.raises(ValueError, match=r"give a share from 0 to 0\.5"):
        data.load("digits", held_out=held_out)


def test_cifar_with_another_checksum(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"not it")
    with pytest.raises(
        DataError, match=r"data_batch_1 has 6 bytes and MD5 .*, expected c99cafc152244af753f735de768cd75f"
    ):
        data.load("cifar10", tmp_path)


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this code must not run",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Malicious()), r"it names builtins\.print, which a CIFAR file has no use for"),
        (b"", "cannot be read as a CIFAR file"),
        (b"\x80\x02}q\x00X", "cannot be read as a CIFAR file"),
        (pickle.dumps([1, 2]), "holds a list, not a dictionary"),
    ],
)
def test_unpickling_runs_nothing(content: bytes, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=message):
        cifar_files.unpickle(Path("batch"), content)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("protocol", [2, 5])
def test_unpickling_arrays(protocol: int) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 6)
    if protocol == 5:
        with pytest.raises(DataError):  # newer protocols name more than a CIFAR file needs
            cifar_files.unpickle(Path("batch"), pickle.dumps({b"data": pixels}, protocol=5))
    else:
        # As Python 2 wrote it: the bytes of the array are a plain byte string.
        reconstruct = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        state = b"(I1\n(I2\nI6\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\nS'%s'\ntb"
        text = "".join(f"\\x{i:02x}" for i in range(12)).encode()
        found = cifar_files.unpickle(Path("batch"), b"(S'data'\n" + reconstruct + state % text + b"d.")
        assert np.array_equal(found[b"data"], pixels)


@pytest.mark.parametrize(("name", "classes", "module"), [("cifar10", 10, cifar10), ("cifar100", 100, cifar100)])
def test_published_cifar(name: str, classes: int, module: object, data_dir: Path) -> None:
    splits = data.load(name, data_dir)
    assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [45_000, 5_000, 10_000]
    assert splits.test.images.shape == (10_000, 3, 32, 32)
    assert splits.held_out.labels.bincount().tolist() == [5000 // classes] * classes
    assert len(splits.train.class_names) == classes
    pixels = splits.train.images[::15].float() / 255
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(splits.train.mean, abs=5e-3)
    assert pixels.std((0, 2, 3)).tolist() == pytest.approx(splits.train.std, abs=5e-3)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_is_not_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNBIT_DATA", raising=False)
    with pytest.raises(
        DataError, match=f"{name}: no data folder given; .*SIGNBIT_DATA; get the python version at https"
    ):
        data.load(name)
    with pytest.raises(DataError, match="nowhere does not exist; get the python version at https://"):
        data.load(name, tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"(data_batch_1|meta) is missing; get the python version at https://"):
        data.load(name, tmp_path)
    inside = "cifar-10-batches-py" if name == "cifar10" else "cifar-100-python"
    (tmp_path / inside).write_bytes(b"a file")
    with pytest.raises(DataError, match=f"{inside} is a file, expected a folder; get the python version"):
        data.load(name, tmp_path)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "data_batch_1").write_bytes(b"")
    monkeypatch.setattr(Path, "read_bytes", denied)  # who runs the tests may be allowed everything
    with pytest.raises(DataError, match="data_batch_1 cannot be read: Permission denied; get the python version at"):
        data.load("cifar10", tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[:1000], lambda b: b[:-1], lambda b: b + b"x", lambda b: b""])
def test_damaged_cifar(damage: object, data_dir: Path, tmp_path: Path) -> None:
    published = data_dir / "cifar-10-batches-py"
    for path in published.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "data_batch_1").unlink()
    (tmp_path / "data_batch_1").write_bytes(damage((published / "data_batch_1").read_bytes()))  # type: ignore[operator]
    with pytest.raises(
        DataError, match=r"data_batch_1 has .* bytes and MD5 .*, expected .*; get the python version at"
    ):
        data.load("cifar10", tmp_path)
