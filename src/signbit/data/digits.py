"""Handwritten digits of 8x8 pixels that come with scikit-learn: no download, seconds to train."""

import importlib
from pathlib import Path

import torch

from signbit.data.dataset import DataError, Dataset, Splits, arrange

MEAN, STD = (0.306,), (0.376,)


def load(folder: Path | None, split: int, held_out: float) -> Splits:
    """Load 1,797 images (1, 8, 8) of 10 classes, 0 to 16 scaled to 0 to 255; the fifth that tests depends on `split`.

    Raises:
        DataError: scikit-learn is not installed.

    Source:
        Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
        doi:10.24432/C50P49.
    """
    try:
        sklearn_datasets = importlib.import_module("sklearn.datasets")  # without type stubs
    except ImportError as error:
        raise DataError("digits: scikit-learn holds them and is not installed; pip install scikit-learn") from error
    found = sklearn_datasets.load_digits()
    images = (torch.from_numpy(found.images) * (255 / 16)).round().to(torch.uint8).unsqueeze(1)
    names = tuple(str(name) for name in found.target_names)
    everything = Dataset(images, torch.from_numpy(found.target).long(), names, MEAN, STD)
    return arrange(everything, None, None, split, held_out)
