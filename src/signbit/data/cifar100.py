"""CIFAR-100 from its published python files."""

from pathlib import Path

from signbit.data import cifar_files
from signbit.data.dataset import Splits, need_folder, split_training, subfolder

MEAN, STD = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)
MD5 = {
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "meta": "7973b15100ade9c7d40fb424638fde48",
}


def load(folder: Path | None, split: int, held_out: float) -> Splits:
    """Load 50,000 and 10,000 images (3, 32, 32) of 100 classes from `folder`/cifar-100-python, or `folder` itself.

    Raises:
        DataError: a file is missing, or not the published one to the byte.

    Source:
        Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", University of Toronto.
    """
    folder = subfolder(need_folder(folder, "cifar100", cifar_files.HINT), "cifar-100-python", cifar_files.HINT)
    names = cifar_files.read(folder, "meta", MD5)[b"fine_label_names"]
    training, test = (
        cifar_files.dataset([cifar_files.read(folder, part, MD5)], b"fine_labels", names, MEAN, STD)
        for part in ("train", "test")
    )
    return split_training(training, test, split, held_out)
