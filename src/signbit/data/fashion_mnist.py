"""Fashion-MNIST from its four idx files, gzipped or not: the maker's, or those of Debian's package."""

from pathlib import Path

from signbit.data import idx_files
from signbit.data.dataset import Dataset, Splits, need_folder, split_training, subfolder

HINT = (
    "the files are at https://github.com/zalandoresearch/fashion-mnist, "
    "and in Debian's package: apt-get install dataset-fashion-mnist"
)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
NAMES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
MEAN, STD = (0.2860,), (0.3530,)
MD5 = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}


def load(folder: Path | None, split: int, held_out: float) -> Splits:
    """Load 60,000 and 10,000 images (1, 28, 28) from `folder`/fashion-mnist, or from `folder` itself.

    Where neither holds any of the files, those of Debian's package are taken: their content is the same to the byte.

    Raises:
        DataError: a file is missing, or its content is not the published one to the byte.

    Source:
        Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
        Algorithms", arXiv:1708.07747.
    """
    place = _place(folder)
    training, test = (
        Dataset(*idx_files.read_part(place, part, MD5, HINT), NAMES, MEAN, STD) for part in ("train", "t10k")
    )
    return split_training(training, test, split, held_out)


def _place(folder: Path | None) -> Path:
    if folder is None and DEBIAN.is_dir():
        return DEBIAN
    given = subfolder(need_folder(folder, "fashion_mnist", HINT), "fashion-mnist", HINT)
    return DEBIAN if DEBIAN.is_dir() and not idx_files.holds_any(given, MD5) else given
