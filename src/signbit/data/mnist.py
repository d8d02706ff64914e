"""MNIST from its four idx files, gzipped or not."""

from pathlib import Path

from signbit.data import idx_files
from signbit.data.dataset import Dataset, Splits, need_folder, split_training, subfolder

HINT = "the files are at https://ossci-datasets.s3.amazonaws.com/mnist/"
NAMES = tuple("0123456789")
MEAN, STD = (0.1307,), (0.3081,)
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def load(folder: Path | None, split: int, held_out: float) -> Splits:
    """Load 60,000 and 10,000 images (1, 28, 28) from `folder`/mnist, or from `folder` itself.

    Raises:
        DataError: a file is missing, or its content is not the published one to the byte.

    Source:
        LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition",
        doi:10.1109/5.726791.
    """
    place = subfolder(need_folder(folder, "mnist", HINT), "mnist", HINT)
    training, test = (
        Dataset(*idx_files.read_part(place, part, MD5, HINT), NAMES, MEAN, STD) for part in ("train", "t10k")
    )
    return split_training(training, test, split, held_out)
