"""What every data set is here: pixels, labels, and what is known about them."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from signbit.errors import SignbitError
from signbit.preprocessing import Preprocessing

TEST_SHARE = 0.2  # of a set that comes without a test part
MOST_NAME_BYTES = 65535  # of a name in a model file
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHOWN = 60  # characters of a name in a message
_CHUNK = 1024  # images whose pixels are counted at once: as int64 they take eight times their place


class DataError(SignbitError, ValueError):
    """A data file is missing or not what it should be; the message names it and says where to get it."""


def check_class_names(names: Sequence[str], what_to_do: str = "give it another name") -> None:
    """Refuse names that a model file cannot hold, before a network is trained on them.

    Args:
        what_to_do: how to rename such a class; the message ends with it.

    Raises:
        DataError: a name has a control character, cannot be written as UTF-8, or takes more than 65,535 bytes.
    """
    for label, name in enumerate(names):
        fault = _fault(name)
        if fault:
            shown = repr(name) if len(name) <= _SHOWN else f"{name[:_SHOWN]!r}..."
            raise DataError(f"class {label} is named {shown}, which {fault}; {what_to_do}")


def _fault(name: str) -> str | None:
    """Why a model file cannot hold a name; names are printed as text."""
    if _CONTROL.search(name):
        return "has a control character, such as a tab or a line break"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "cannot be written as UTF-8"
    return f"takes {size} bytes, but a model file allows {MOST_NAME_BYTES}" if size > MOST_NAME_BYTES else None


@dataclass(frozen=True)
class Dataset:
    """Images with labels, in memory.

    Args:
        images: uint8 (N, C, H, W).
        labels: int64 (N,), from 0 to classes - 1.
        class_names: name of each class, without control characters, at most 65,535 bytes of UTF-8.
        mean: mean of each channel, on the scale 0 to 1.
        std: standard deviation of each channel, on the same scale.
        preprocessing: how a photo becomes pixels like these.

    Raises:
        DataError: a model file cannot hold a class name.
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    preprocessing: Preprocessing = Preprocessing()

    def __post_init__(self) -> None:
        check_class_names(self.class_names)

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Tensor) -> "Dataset":
        """The images at these indices."""
        return replace(self, images=self.images[indices], labels=self.labels[indices])

    def to(self, device: torch.device | str) -> "Dataset":
        """The same set on a device."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True)
class Splits:
    """What trains, what chooses the epoch, and what is read once at the end."""

    train: Dataset
    held_out: Dataset
    test: Dataset


def stratified(labels: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of (the rest, the share) of each class, in ascending order; the same seed gives the same split."""
    generator = torch.Generator().manual_seed(seed)
    taken = []
    for label in range(int(labels.max()) + 1 if len(labels) else 0):
        members = (labels == label).nonzero().squeeze(1)
        order = torch.randperm(len(members), generator=generator)
        taken.append(members[order[: round(share * len(members))]])
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    chosen[torch.cat(taken) if taken else []] = True
    return (~chosen).nonzero().squeeze(1), chosen.nonzero().squeeze(1)


def split_training(training: Dataset, test: Dataset, seed: int, held_out: float) -> Splits:
    """Hold out a share of the training set, the same of each class."""
    rest, held = stratified(training.labels, held_out, seed)
    return Splits(training.subset(rest), training.subset(held), test)


def arrange(train: Dataset, held_out: Dataset | None, test: Dataset | None, seed: int, share: float) -> Splits:
    """Splits of a set that may come without a test part or a held-out part: the training part gives what is missing.

    Args:
        seed: of the splits, all stratified.
        share: of what trains that is held out; a fifth of the training part tests where there is no test part.

    Raises:
        DataError: the classes have too few images to give a share away.
    """
    if test is None:
        rest, tested = stratified(train.labels, TEST_SHARE, seed)
        train, test = train.subset(rest), train.subset(tested)
    splits = Splits(train, held_out, test) if held_out else split_training(train, test, seed, share)
    if not len(splits.test):
        raise DataError(f"the classes have too few images: a share of {TEST_SHARE} of each is no image to test with")
    if share and not len(splits.held_out):
        raise DataError(f"the classes have too few images: a share of {share} of each is no image to hold out")
    return splits


def measured(splits: Splits) -> Splits:
    """The same splits with the mean and the standard deviation of what trains, to four decimals."""
    counts = torch.zeros(splits.train.images.shape[1], 256, dtype=torch.int64)
    for start in range(0, len(splits.train), _CHUNK):
        channels = splits.train.images[start : start + _CHUNK].unbind(1)
        counts += torch.stack([channel.flatten().bincount(minlength=256) for channel in channels])
    share = counts.double() / counts.sum(1, keepdim=True)
    values = torch.arange(256, dtype=torch.float64) / 255
    means = (share * values).sum(1)
    stds = (share * (values - means[:, None]) ** 2).sum(1).sqrt()
    mean = tuple(round(value, 4) for value in means.tolist())
    std = tuple(round(value, 4) or 1.0 for value in stds.tolist())  # a channel that is constant is left as it is
    return Splits(*(replace(part, mean=mean, std=std) for part in (splits.train, splits.held_out, splits.test)))


def need_folder(folder: Path | None, name: str, hint: str) -> Path:
    """The folder itself.

    Args:
        name: of the data set.
        hint: what belongs there and where to get it; it ends the message.

    Raises:
        DataError: there is none.
    """
    if folder is None:
        raise DataError(f"{name}: no data folder given; name it, or set SIGNBIT_DATA; {hint}")
    if not folder.exists():
        raise DataError(f"{name}: {folder} does not exist; {hint}")
    if not folder.is_dir():
        raise DataError(f"{name}: {folder} is not a folder; {hint}")
    return folder


def subfolder(folder: Path, name: str, hint: str) -> Path:
    """The folder of that name in a folder, or the folder itself where there is none.

    Raises:
        DataError: there is a file of that name.
    """
    if os.path.isfile(folder / name):
        raise DataError(f"{folder / name} is a file, expected a folder; {hint}")
    return folder / name if os.path.isdir(folder / name) else folder


def read_file(path: Path, hint: str) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {hint}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; {hint}") from error
