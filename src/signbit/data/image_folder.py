"""Your own photos: a folder for each class, with files of any size."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from signbit.data.dataset import DataError, Dataset, Splits, arrange, check_class_names, measured, need_folder
from signbit.data.image_files import list_images, read_images, square, visible
from signbit.extras import need
from signbit.preprocessing import Preprocessing

HINT = "the data folder holds train/CLASS/IMAGE and, if you like, val or test of the same form"
TRAIN, VAL, TEST = "train", "val", "test"
_NAMED = 10  # classes in a message


def load(
    folder: Path | None,
    split: int,
    held_out: float,
    *,
    size: int,
    resize: int = 0,
    filter: str = "bicubic",
    channels: int = 3,
) -> Splits:
    """Load photos from `folder`/train/CLASS/IMAGE, decoded into memory; the classes are in the order of their names.

    A part `val` or `test` is what tests; where both are there, `val` is held out and `held_out` not used. Without
    either, a fifth of each class tests, chosen by `split`. Mean and standard deviation are those of what trains.

    Args:
        size: height and width of the model's images.
        resize: 0 stretches a photo to that size; else its shorter side gets so many pixels and the middle is cut out.
        filter: `bilinear` or `bicubic`.
        channels: 3, or 1 for grey.

    Raises:
        ValueError: an argument is outside its range.
        DataError: a folder is missing or empty, holds what is no image, or an image is broken; the message names it.
    """
    preprocessing = square(size, resize, filter, channels)
    need("PIL", __name__)
    root = need_folder(folder, "image_folder", HINT)
    classes = _classes(root / TRAIN)
    files = {
        part: _files(root / part, classes) for part in (TRAIN, VAL, TEST) if part == TRAIN or (root / part).exists()
    }
    parts = {part: _part(found, classes, size, channels, preprocessing) for part, found in files.items()}
    if VAL in parts and TEST not in parts:
        parts[TEST] = parts.pop(VAL)
    return measured(arrange(parts[TRAIN], parts.get(VAL), parts.get(TEST), split, held_out))


def _classes(folder: Path) -> list[str]:
    classes = [path.name for path in visible(folder, HINT)]
    if len(classes) < 2:
        raise DataError(f"{folder} holds {len(classes)} classes; a classifier needs two or more; {HINT}")
    check_class_names(classes, f"rename the folder in {folder}, and in {VAL} and {TEST} beside it")
    return classes


def _files(folder: Path, classes: list[str]) -> list[list[Path]]:
    """Files of each class; none of a class that this part does not have."""
    found: list[list[Path]] = [[] for _ in classes]
    for path in visible(folder, HINT):
        if path.name not in classes:
            some = ", ".join(classes[:_NAMED]) + (", ..." if len(classes) > _NAMED else "")
            raise DataError(f"{path}: {TRAIN} has no class {path.name!r}; there are {some}; {HINT}")
        found[classes.index(path.name)] = list_images(path, HINT)
    if not any(found):
        raise DataError(f"{folder} holds no class; {HINT}")
    return found


def _part(
    files: list[list[Path]], classes: list[str], size: int, channels: int, preprocessing: Preprocessing
) -> Dataset:
    def read(path: Path) -> NDArray[np.uint8]:
        return preprocessing.read(path, size, size, channels)

    paths = [path for of_class in files for path in of_class]
    images = read_images(paths, read, (channels, size, size), HINT)
    labels = torch.tensor([label for label, of_class in enumerate(files) for _ in of_class])
    return Dataset(images, labels, tuple(classes), (0.0,) * channels, (1.0,) * channels, preprocessing)
