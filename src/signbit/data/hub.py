"""Any image classification set of the Hugging Face hub, or a copy of one on this machine, through `datasets`."""

import importlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signbit.data.dataset import DataError, Dataset, Splits, arrange, check_class_names, measured
from signbit.data.image_files import read_images, square
from signbit.extras import need
from signbit.preprocessing import Preprocessing

HINT = "sets and their splits are listed at https://huggingface.co/datasets"
TEST_NAMES, HELD_OUT_NAMES = ("test",), ("validation", "valid", "val")
_ROWS = 1024  # whose compressed images are in memory at once, beside the pixels


def load(
    folder: Path | None,
    split: int,
    held_out: float,
    *,
    repository: str,
    size: int,
    configuration: str | None = None,
    revision: str | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    train_split: str = "train",
    test_split: str | None = None,
    resize: int = 0,
    filter: str = "bicubic",
    channels: int = 3,
) -> Splits:
    """Load a set of the hub, decoded into memory. No code from a repository is ever run.

    What tests is the split `test`, or `validation` (`valid`, `val`) where there is none; where both are there,
    `validation` is held out and `held_out` not used. Without either, a fifth of each class tests, chosen by `split`.
    Mean and standard deviation are those of what trains.

    Args:
        repository: a name on the hub, such as `uoft-cs/cifar10`; or a folder or a parquet file on this machine, looked
            for in the data folder first. A folder is a copy of a repository, or what `save_to_disk` wrote.
        size: height and width of the model's images.
        configuration: of a repository that has several.
        revision: a branch, a tag or a commit of the repository; a commit makes a run one that can be repeated.
        image_column: by default the only column of type Image.
        label_column: by default the only column of type ClassLabel; it may hold whole numbers from 0.
        train_split: name of the split that trains.
        test_split: name of the split that tests; held out is then a share of what trains.
        resize: 0 stretches a photo to that size; else its shorter side gets so many pixels and the middle is cut out.
        filter: `bilinear` or `bicubic`.
        channels: 3, or 1 for grey.

    Raises:
        ValueError: an argument is outside its range.
        DataError: the repository cannot be loaded, has no such split or column, or an image or a label is wrong.
    """
    preprocessing = square(size, resize, filter, channels)
    need("datasets", __name__)
    need("PIL", __name__)
    tables = _tables(folder, repository, configuration, revision)
    chosen = _choose(tables, train_split, test_split, repository)
    images = _column(chosen["train"], "Image", image_column, "image_column", repository)
    labels = _column(chosen["train"], "ClassLabel", label_column, "label_column", repository)
    for part, table in chosen.items():
        for column, argument in ((images, "image_column"), (labels, "label_column")):
            _column(table, "", column, argument, f"{repository}, {part},")
    names = _class_names(chosen["train"], labels, repository)
    where = {part: f"{repository}, {part}" for part in chosen}
    numbers = {part: _labels(chosen[part], labels, len(names), where[part]) for part in chosen}  # before the decoding
    pixels = {part: _images(chosen[part], images, size, channels, preprocessing, where[part]) for part in chosen}
    unknown = (0.0,) * channels, (1.0,) * channels  # mean and standard deviation are measured below
    parts = {part: Dataset(pixels[part], numbers[part], names, *unknown, preprocessing) for part in chosen}
    return measured(arrange(parts["train"], parts.get("held_out"), parts.get("test"), split, held_out))


def _tables(folder: Path | None, repository: str, configuration: str | None, revision: str | None) -> dict[str, Any]:
    """The splits of a repository, by name."""
    datasets = importlib.import_module("datasets")  # its types are not ours to check
    local = next((path for path in ((folder or Path()) / repository, Path(repository)) if path.exists()), None)
    try:
        if local is None:
            found = datasets.load_dataset(repository, configuration, revision=revision)
        elif local.is_file():
            found = datasets.load_dataset("parquet", data_files=str(local))
        elif (local / "dataset_dict.json").exists() or (local / "state.json").exists():
            found = datasets.load_from_disk(str(local))
        else:
            found = datasets.load_dataset(str(local), configuration)
    except Exception as error:  # of the network, of the hub, of pyarrow, of a builder
        reason = " ".join(str(error).split()) or type(error).__name__
        place = local or f"{repository} is no folder or file here, and on the hub it"
        raise DataError(
            f"hub: {place} cannot be loaded: {reason}; {HINT}, and a local copy of one needs no network"
        ) from error
    return dict(found) if isinstance(found, Mapping) else {"train": found}


def _choose(tables: dict[str, Any], train: str, test: str | None, repository: str) -> dict[str, Any]:
    """Which table is which part: train, and held_out and test where there are such."""
    for name in (train, test):
        if name is not None and name not in tables:
            raise DataError(f"hub: {repository} has no split {name!r}; there are {', '.join(tables)}")
    chosen = {"train": tables[train]}
    if test is not None:
        return chosen | {"test": tables[test]}
    others = [name for name in tables if name != train]
    tests = [name for names in (TEST_NAMES, HELD_OUT_NAMES) for name in names if name in others]
    if tests:
        chosen["test"] = tables[tests[0]]
    if tests and tests[0] in TEST_NAMES and len(tests) > 1:
        chosen["held_out"] = tables[tests[1]]
    return chosen


def _column(table: Any, kind: str, given: str | None, argument: str, repository: str) -> str:
    """The column given, or the only one whose feature is of that kind."""
    kinds: dict[str, str] = {name: type(feature).__name__ for name, feature in table.features.items()}
    every = ", ".join(f"{name} ({getattr(table.features[name], 'dtype', kinds[name])})" for name in kinds)
    if given is not None:
        if given not in kinds:
            raise DataError(f"hub: {repository} has no column {given!r}; there are {every}")
        return given
    found = [name for name in kinds if kinds[name] == kind]
    if len(found) != 1:
        amount = f"{len(found)} columns" if found else "no column"
        raise DataError(f"hub: {repository} has {amount} of type {kind}; name one with {argument}; there are {every}")
    return found[0]


def _class_names(table: Any, column: str, repository: str) -> tuple[str, ...]:
    feature = table.features[column]
    if type(feature).__name__ == "ClassLabel":
        names = tuple(feature.names)
        check_class_names(names, f"rename it in a copy of {repository} with cast_column, and save it with save_to_disk")
        return names
    if "int" not in str(getattr(feature, "dtype", "")):
        raise DataError(
            f"hub: {repository}: column {column!r} holds {getattr(feature, 'dtype', feature)}; "
            "a label_column holds class labels or whole numbers from 0"
        )
    return tuple(str(number) for number in range(max(table[column][:], default=-1) + 1))


def _labels(table: Any, column: str, classes: int, where: str) -> Tensor:
    labels = table[column][:]
    for row, label in enumerate(labels):
        if label is None or not 0 <= label < classes:
            raise DataError(
                f"hub: {where}, row {row}: the label is {label}, there are 0 to {classes - 1}; "
                "a split without labels cannot test, name another with test_split"
            )
    return torch.tensor(labels, dtype=torch.int64)


def _images(table: Any, column: str, size: int, channels: int, preprocessing: Preprocessing, where: str) -> Tensor:
    datasets = importlib.import_module("datasets")

    def read(row: tuple[int, dict[str, Any] | None]) -> NDArray[np.uint8]:
        number, value = row
        name = f"hub: {where}, row {number}"
        if not value or not (value["bytes"] or value["path"]):
            raise ValueError(f"{name}: there is no image")
        file = io.BytesIO(value["bytes"]) if value["bytes"] else Path(value["path"])
        try:
            return preprocessing.read(file, size, size, channels, name)
        except OSError as error:  # a table may hold the paths of its images
            raise ValueError(f"{name}: {error}") from error

    try:
        compressed = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    except Exception as error:  # pyarrow's, of a type that cannot be an image
        raise DataError(f"hub: {where}: column {column!r} holds no images: {error}") from error
    images = torch.empty((len(table), channels, size, size), dtype=torch.uint8)
    for start in range(0, len(table), _ROWS):
        rows = list(enumerate(compressed[start : start + _ROWS][column], start))
        images[start : start + len(rows)] = read_images(rows, read, (channels, size, size), HINT)
    return images
