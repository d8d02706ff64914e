"""What every data set is here: pixels, labels, and what is known about them."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from signbit.errors import SignbitError


class DataError(SignbitError, ValueError):
    """A data file is missing or not what it should be; the message names it and says where to get it."""


@dataclass(frozen=True)
class Dataset:
    """Images with labels, in memory.

    Args:
        images: uint8 (N, C, H, W).
        labels: int64 (N,), from 0 to classes - 1.
        class_names: name of each label.
        mean: of each channel on the scale 0 to 1.
        std: of each channel on the same scale.
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

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


def need_folder(folder: Path | None, name: str, source: str) -> Path:
    """The folder itself.

    Raises:
        DataError: there is none; the message says where the files are published.
    """
    if folder is None:
        raise DataError(f"{name}: no data folder given; name it, or set SIGNBIT_DATA; the files are at {source}")
    if not folder.is_dir():
        raise DataError(f"{name}: {folder} is not a folder; the files are at {source}")
    return folder
