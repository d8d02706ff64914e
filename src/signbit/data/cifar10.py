"""CIFAR-10 from its published python files."""

from pathlib import Path

from signbit.data import cifar_files
from signbit.data.dataset import Splits, need_folder, split_training, subfolder

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
NAMES = b"airplane automobile bird cat deer dog frog horse ship truck".split()
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}


def load(folder: Path | None, split: int, held_out: float) -> Splits:
    """Load 50,000 and 10,000 images (3, 32, 32) from `folder`/cifar-10-batches-py, or from `folder` itself.

    Raises:
        DataError: a file is missing, or not the published one to the byte.

    Source:
        Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", University of Toronto.
    """
    folder = subfolder(need_folder(folder, "cifar10", cifar_files.HINT), "cifar-10-batches-py", cifar_files.HINT)
    parts = {name: cifar_files.read(folder, name, MD5) for name in MD5}
    test = cifar_files.dataset([parts.pop("test_batch")], b"labels", NAMES, MEAN, STD)
    training = cifar_files.dataset(list(parts.values()), b"labels", NAMES, MEAN, STD)
    return split_training(training, test, split, held_out)
