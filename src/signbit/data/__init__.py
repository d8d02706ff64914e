"""Data sets as tensors: one file a set."""

from signbit.extras import need

need("torch", __name__)

import os
from pathlib import Path

from signbit.data.dataset import DataError, Dataset, Splits
from signbit.file_listing import file_names, import_named

__all__ = ["DataError", "Dataset", "Splits", "load", "names"]

_EXCLUDE = ("augment", "cifar_files", "dataset", "idx_files", "image_files")


def names() -> list[str]:
    """Names of the data sets, which are the names of their files."""
    return file_names(__file__, _EXCLUDE)


def load(name: str, data_dir: str | Path | None = None, *, split: int = 0, held_out: float = 0.1) -> Splits:
    """Load a data set: what trains, what is held out to choose the epoch, and the test set, which is read once.

    Args:
        name: one of `names()`.
        data_dir: folder of the files; by default the environment variable SIGNBIT_DATA. Not used by a set that comes
            with a package.
        split: seed of the split.
        held_out: share of the training set that is held out, from 0 to 0.5; each class gives the same share.

    Raises:
        ValueError: there is no such set, or held_out is outside its range.
        DataError: a file is missing or not what it should be; the message says where to get it.
    """
    if not 0 <= held_out <= 0.5:
        raise ValueError(f"held_out is {held_out!r}; give a share from 0 to 0.5")
    folder = data_dir if data_dir is not None else os.environ.get("SIGNBIT_DATA")
    module = import_named(__name__, __file__, name, _EXCLUDE)
    splits = module.load(None if folder is None else Path(folder), split, held_out)
    assert isinstance(splits, Splits)
    return splits
