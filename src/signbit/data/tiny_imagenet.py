"""Tiny ImageNet as its archive unpacks: 200 classes of 64x64 pixels."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from signbit.data.dataset import DataError, Dataset, Splits, measured, need_folder, read_file, split_training, subfolder
from signbit.data.image_files import list_images, read_images
from signbit.extras import need
from signbit.preprocessing import Preprocessing, read_image

HINT = "get http://cs231n.stanford.edu/tiny-imagenet-200.zip and unpack it"
SIDE = 64
CLASSES, IMAGES_OF_A_CLASS, TEST_IMAGES = 200, 500, 10_000
PHOTOS = Preprocessing(resize=SIDE)


def load(folder: Path | None, split: int, held_out: float) -> Splits:
    """Load 100,000 and 10,000 images (3, 64, 64) from `folder`/tiny-imagenet-200, or from `folder` itself.

    The published test images have no labels, so the validation part is what tests here. The classes are in the order
    of their WordNet ids, as other loaders number them. Grey images become RGB. Mean and standard deviation are those of
    what trains. The pixels are 1.4 GB; while the training part is split, 2.6 GB.

    Raises:
        DataError: a file is missing, broken or of another size, or the classes or images are not so many.

    Source:
        Le and Yang 2015, "Tiny ImageNet Visual Recognition Challenge", CS 231N, Stanford University.
    """
    need("PIL", __name__)
    place = subfolder(need_folder(folder, "tiny_imagenet", HINT), "tiny-imagenet-200", HINT)
    ids = _ids(place)
    names = _names(place, ids)
    training, test = _training_files(place, ids), _test_files(place, ids)  # both before the minutes of decoding
    return measured(split_training(_dataset(training, names), _dataset(test, names), split, held_out))


def _lines(path: Path) -> list[str]:
    try:
        return read_file(path, HINT).decode().splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text: {error}; {HINT}") from error


def _ids(place: Path) -> list[str]:
    ids = sorted({line.strip() for line in _lines(place / "wnids.txt")} - {""})
    if len(ids) != CLASSES:
        raise DataError(f"{place / 'wnids.txt'} names {len(ids)} classes, expected {CLASSES}; {HINT}")
    return ids


def _names(place: Path, ids: list[str]) -> tuple[str, ...]:
    words = {wordnet: names for wordnet, _, names in (line.partition("\t") for line in _lines(place / "words.txt"))}
    for wordnet in ids:
        if not words.get(wordnet):
            raise DataError(f"{place / 'words.txt'} has no name for {wordnet}; {HINT}")
    return tuple(words[wordnet] for wordnet in ids)


def _training_files(place: Path, ids: list[str]) -> list[tuple[Path, int]]:
    found = []
    for label, wordnet in enumerate(ids):
        folder = place / "train" / wordnet / "images"
        files = list_images(folder, HINT)
        if len(files) != IMAGES_OF_A_CLASS:
            raise DataError(f"{folder} holds {len(files)} images, expected {IMAGES_OF_A_CLASS}; {HINT}")
        found += [(path, label) for path in files]
    return found


def _test_files(place: Path, ids: list[str]) -> list[tuple[Path, int]]:
    """As val/val_annotations.txt lists them: file, WordNet id and a box, between tabs."""
    path = place / "val" / "val_annotations.txt"
    labels = {wordnet: label for label, wordnet in enumerate(ids)}
    found = []
    for number, line in enumerate(_lines(path), 1):
        name, _, rest = line.partition("\t")
        wordnet = rest.partition("\t")[0]
        if wordnet not in labels:
            raise DataError(f"{path}, line {number}: {wordnet!r} is none of the classes in wnids.txt; {HINT}")
        found.append((place / "val" / "images" / Path(name).name, labels[wordnet]))
    if len(found) != TEST_IMAGES:
        raise DataError(f"{path} has {len(found)} lines, expected {TEST_IMAGES}; {HINT}")
    return found


def _dataset(files: list[tuple[Path, int]], names: tuple[str, ...]) -> Dataset:
    images = read_images([path for path, _ in files], _pixels, (3, SIDE, SIDE), HINT)
    labels = torch.tensor([label for _, label in files])
    return Dataset(images, labels, names, (0.0,) * 3, (1.0,) * 3, PHOTOS)


def _pixels(path: Path) -> NDArray[np.uint8]:
    image = read_image(path)
    if image.size != (SIDE, SIDE):
        raise ValueError(f"{path} has {image.size[0]}x{image.size[1]} pixels, expected {SIDE}x{SIDE}")
    return PHOTOS.pixels(image, SIDE, SIDE, 3)
