"""Data sets as tensors: one file a set."""

from signbit.extras import need

need("torch", __name__)

import inspect
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from signbit.data.dataset import DataError, Dataset, Splits
from signbit.file_listing import file_names, import_named

__all__ = ["DataError", "Dataset", "Splits", "check_arguments", "load", "names"]

_EXCLUDE = ("augment", "cifar_files", "dataset", "idx_files", "image_files")


def names() -> list[str]:
    """Names of the data sets, which are the names of their files."""
    return file_names(__file__, _EXCLUDE)


def check_arguments(name: str, given: Collection[str]) -> None:
    """See that a set takes arguments of these names, and that none it needs is missing.

    Raises:
        ValueError: there is no such set, or it takes others; the message lists them.
    """
    module = import_named(__name__, __file__, name, _EXCLUDE)
    parameters = inspect.signature(module.load).parameters.values()
    known = {p.name: p.default is p.empty for p in parameters if p.kind is p.KEYWORD_ONLY}
    choices = f"there are {', '.join(known) or 'none'}"
    for argument in given:
        if argument not in known:
            raise ValueError(f"{name} has no argument {argument!r}; {choices}")
    missing = [argument for argument, needed in known.items() if needed and argument not in given]
    if missing:
        raise ValueError(f"{name} needs the argument {missing[0]!r}; {choices}")


def load(
    name: str, data_dir: str | Path | None = None, *, split: int = 0, held_out: float = 0.1, **arguments: Any
) -> Splits:
    """Load a data set: what trains, what is held out to choose the epoch, and the test set, which is read once.

    Args:
        name: one of `names()`.
        data_dir: folder of the files; by default the environment variable SIGNBIT_DATA. Not used by a set that comes
            with a package.
        split: seed of the split.
        held_out: share of the training set that is held out, from 0 to 0.5; each class gives the same share.
        arguments: of the set's own, such as the `size` of `image_folder`.

    Raises:
        ValueError: there is no such set, it has no such argument, or a value is outside its range.
        DataError: a file is missing or not what it should be; the message says where to get it.
    """
    if not 0 <= held_out <= 0.5:
        raise ValueError(f"held_out is {held_out!r}; give a share from 0 to 0.5")
    check_arguments(name, arguments)
    folder = data_dir if data_dir is not None else os.environ.get("SIGNBIT_DATA")
    module = import_named(__name__, __file__, name, _EXCLUDE)
    splits = module.load(None if folder is None else Path(folder), split, held_out, **arguments)
    assert isinstance(splits, Splits)
    return splits
