"""Sets of the hub, from copies of their forms on this machine: parquet files, folders, what `save_to_disk` wrote."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from signbit import data
from signbit.data import DataError
from signbit.preprocessing import Preprocessing

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The library `datasets`, without network and with a cache of its own; it reads its settings when imported."""
    settings = OFFLINE | {"HF_HOME": str(tmp_path_factory.mktemp("cache"))}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    yield pytest.importorskip("datasets", reason="datasets is not installed: pip install 'signbit[hub]'")
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


def images(count: int, seed: int = 0) -> list[Image.Image]:
    generator = np.random.default_rng(seed)
    return [Image.fromarray(generator.integers(0, 256, (9 + index % 3, 12, 3), np.uint8)) for index in range(count)]


def table(hub: Any, count: int, seed: int = 0, **more: Any) -> Any:
    features = {"picture": hub.Image(), "kind": hub.ClassLabel(names=["cat", "dog", "owl"])}
    columns = {"picture": images(count, seed), "kind": [index % 3 for index in range(count)]}
    for name, (feature, values) in more.items():
        features[name], columns[name] = feature, values
    return hub.Dataset.from_dict(columns, features=hub.Features(features))


@pytest.fixture
def tables(hub: Any) -> Any:
    return hub.DatasetDict({"train": table(hub, 30), "test": table(hub, 6, 1)})


def write_repository(tables: Any, folder: Path) -> Path:
    """A copy of a repository as `datasets` publishes them: one parquet file a split."""
    (folder / "data").mkdir(parents=True)
    for name, part in tables.items():
        part.to_parquet(str(folder / "data" / f"{name}-00000-of-00001.parquet"))
    return folder


def check(splits: data.Splits) -> None:
    assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [27, 3, 6]
    assert splits.train.class_names == ("cat", "dog", "owl")
    assert splits.test.labels.tolist() == [0, 1, 2, 0, 1, 2]
    wanted = [Preprocessing(9).pixels(image, 8, 8, 3) for image in images(6, 1)]
    assert np.array_equal(splits.test.images.permute(0, 2, 3, 1), np.stack(wanted))
    assert splits.test.preprocessing == Preprocessing(9)
    pixels = splits.train.images.double() / 255
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(splits.train.mean, abs=1e-4)


def test_a_copy_of_a_repository(tables: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_repository(tables, tmp_path / "someone" / "pets")
    check(data.load("hub", tmp_path, repository="someone/pets", size=8, resize=9))
    monkeypatch.setenv("SIGNBIT_DATA", str(tmp_path))
    check(data.load("hub", repository="someone/pets", size=8, resize=9))
    monkeypatch.delenv("SIGNBIT_DATA")
    check(data.load("hub", repository=str(tmp_path / "someone" / "pets"), size=8, resize=9))


def test_what_save_to_disk_wrote(tables: Any, tmp_path: Path) -> None:
    tables.save_to_disk(str(tmp_path / "pets"))
    check(data.load("hub", tmp_path, repository="pets", size=8, resize=9))
    tables["train"].save_to_disk(str(tmp_path / "one"))
    assert len(data.load("hub", tmp_path, repository="one", size=8).test) == 6  # a fifth of 30


def test_one_parquet_file(tables: Any, tmp_path: Path) -> None:
    tables["train"].to_parquet(str(tmp_path / "pets.parquet"))
    splits = data.load("hub", tmp_path, repository="pets.parquet", size=8, channels=1)
    assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [21, 3, 6]
    assert splits.test.images.shape == (6, 1, 8, 8)


def test_a_folder_of_images(hub: Any, tmp_path: Path) -> None:
    for part in ("train", "test"):
        for index, image in enumerate(images(20)):
            path = tmp_path / "pets" / part / "ab"[index % 2] / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(path)
    splits = data.load("hub", tmp_path, repository="pets", size=8)
    assert splits.test.class_names == ("a", "b")
    assert len(splits.test) == 20


def test_which_splits_are_taken(hub: Any, tmp_path: Path) -> None:
    def sizes(names: str, **arguments: Any) -> list[int]:
        parts = hub.DatasetDict({name: table(hub, 30 + index) for index, name in enumerate(names.split())})
        folder = tmp_path / names.replace(" ", "-")
        if not folder.exists():
            parts.save_to_disk(str(folder))
        splits = data.load("hub", repository=str(folder), size=8, **arguments)
        return [len(s) for s in (splits.train, splits.held_out, splits.test)]

    assert sizes("train") == [21, 3, 6]
    assert sizes("train test") == [27, 3, 31]
    assert sizes("train validation") == [27, 3, 31]
    assert sizes("train valid test") == [30, 31, 32]
    assert sizes("train valid test", test_split="valid") == [27, 3, 31]
    assert sizes("train valid test", train_split="test", test_split="train") == [29, 3, 30]
    with pytest.raises(DataError, match="has no split 'dev'; there are train, valid, test"):
        sizes("train valid test", test_split="dev")
    with pytest.raises(DataError, match="has no split 'train'; there are all"):
        sizes("all")


def test_which_columns_are_taken(hub: Any, tmp_path: Path) -> None:
    more = {
        "mask": (hub.Image(), images(30, 7)),
        "coarse": (hub.ClassLabel(names=["pet", "bird"]), [index % 2 for index in range(30)]),
        "number": (hub.Value("int32"), [index % 5 for index in range(30)]),
        "text": (hub.Value("string"), ["words"] * 30),
    }
    table(hub, 30, **more).save_to_disk(str(tmp_path / "pets"))

    def refused(message: str, **arguments: Any) -> None:
        with pytest.raises(DataError, match=message):
            data.load("hub", tmp_path, repository="pets", size=8, **arguments)

    every = r"picture \(PIL\.Image\.Image\), kind \(int64\), mask \(PIL\.Image\.Image\), coarse \(int64\)"
    refused(f"2 columns of type Image; name one with image_column; there are {every}")
    refused("2 columns of type ClassLabel; name one with label_column", image_column="mask")
    refused(f"no column 'photo'; there are {every}", image_column="photo")
    refused("column 'text' holds string; a label_column holds", image_column="mask", label_column="text")
    refused("column 'number' holds no images", image_column="number", label_column="kind")
    refused("train, row 0: .* No such file or directory: .*words.; sets and", image_column="text", label_column="kind")
    columns = {"image_column": "mask", "label_column": "number"}
    splits = data.load("hub", tmp_path, held_out=0.25, repository="pets", size=8, **columns)
    assert splits.train.class_names == tuple("01234")


def encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


def test_a_parquet_file_that_datasets_did_not_write(hub: Any, tmp_path: Path) -> None:
    values = {"image": [encoded(image) for image in images(30)], "label": [index % 2 for index in range(30)]}
    hub.Dataset.from_dict(values).to_parquet(str(tmp_path / "plain.parquet"))
    arguments: dict[str, Any] = {"repository": "plain.parquet", "size": 8}
    with pytest.raises(DataError, match=r"no column of type Image; name one with image_column; there are image \(bin"):
        data.load("hub", tmp_path, **arguments)
    splits = data.load("hub", tmp_path, **arguments, image_column="image", label_column="label")
    assert splits.train.class_names == ("0", "1")


@pytest.mark.parametrize(
    ("row", "value", "message"),
    [
        (4, None, "train, row 4: there is no image; sets and their splits"),
        (5, b"no image", "train, row 5 is not an image file that Pillow can read; sets and their splits"),
        (6, encoded(images(1)[0])[:-60], "train, row 6 is a broken image file"),
    ],
)
def test_broken_images(hub: Any, row: int, value: bytes | None, message: str, tmp_path: Path) -> None:
    values = [encoded(image) for image in images(30)]
    broken = [*values[:row], value, *values[row + 1 :]]
    table(hub, 30).remove_columns("picture").add_column("image", broken).save_to_disk(str(tmp_path / "pets"))
    with pytest.raises(DataError, match=message):
        data.load("hub", tmp_path, repository="pets", size=8, image_column="image")


def test_a_split_without_labels(hub: Any, tmp_path: Path) -> None:
    unlabelled = table(hub, 6).remove_columns("kind").add_column("kind", [-1] * 6)
    hub.DatasetDict({"train": table(hub, 30), "test": unlabelled, "validation": table(hub, 6)}).save_to_disk(
        str(tmp_path / "pets")
    )
    with pytest.raises(DataError, match=r"test, row 0: the label is -1, there are 0 to 2; .* with test_split"):
        data.load("hub", tmp_path, repository="pets", size=8)
    assert len(data.load("hub", tmp_path, repository="pets", size=8, test_split="validation").test) == 6


def test_a_split_of_other_columns(hub: Any, tmp_path: Path) -> None:
    other = table(hub, 6).remove_columns("kind")
    hub.DatasetDict({"train": table(hub, 30), "test": other}).save_to_disk(str(tmp_path / "pets"))
    with pytest.raises(DataError, match=r"pets, test, has no column 'kind'; there are picture \("):
        data.load("hub", tmp_path, repository="pets", size=8)


def test_what_cannot_be_loaded(hub: Any, tmp_path: Path) -> None:
    hint = (
        "sets and their splits are listed at https://huggingface.co/datasets, and a local copy of one needs no network"
    )
    with pytest.raises(DataError, match=f"someone/pets is no folder or file here, and on the hub it cannot .*; {hint}"):
        data.load("hub", tmp_path, repository="someone/pets", size=8)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=f"empty cannot be loaded: .*; {hint}"):
        data.load("hub", tmp_path, repository="empty", size=8)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match=rf"broken\.parquet cannot be loaded: .*; {hint}"):
        data.load("hub", tmp_path, repository="broken.parquet", size=8)


def test_code_in_a_repository_is_not_run(tables: Any, tmp_path: Path) -> None:
    folder = write_repository(tables, tmp_path / "pets")
    (folder / "pets.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    with pytest.raises(DataError, match="scripts are no longer supported"):
        data.load("hub", tmp_path, repository="pets", size=8)
    assert not (tmp_path / "ran").exists()


def test_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hub needs the argument 'repository'; there are repository, size, conf"):
        data.load("hub", tmp_path)
    with pytest.raises(ValueError, match="resize is 4, less than the 8x8 pixels"):
        data.load("hub", tmp_path, repository="pets", size=8, resize=4)


def test_many_rows_in_their_order(hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signbit.data.hub._ROWS", 7)
    write_repository(hub.DatasetDict({"train": table(hub, 30), "test": table(hub, 20, 3)}), tmp_path / "pets")
    splits = data.load("hub", tmp_path, repository="pets", size=12)
    wanted = [Preprocessing().pixels(image, 12, 12, 3) for image in images(20, 3)]
    assert torch.equal(splits.test.images.permute(0, 2, 3, 1), torch.from_numpy(np.stack(wanted)))
