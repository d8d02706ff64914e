"""Many image files at once: listed in one order on every machine, decoded by several threads, named when wrong."""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signbit.data.dataset import DataError
from signbit.preprocessing import Preprocessing

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")

Item = TypeVar("Item")


def square(size: int, resize: int, filter: str, channels: int) -> Preprocessing:
    """How photos become squares of `size` pixels.

    Raises:
        ValueError: an argument is wrong, or they do not fit together; see `Preprocessing`.
    """
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError(f"size is {size!r}; give the height and width of the model's images, a whole number from 1")
    preprocessing = Preprocessing(resize, filter)
    preprocessing.check(size, size, channels)
    return preprocessing


def visible(folder: Path, hint: str) -> list[Path]:
    """What a folder holds, in the order of the names; hidden files are left out.

    Raises:
        DataError: there is no such folder, or it cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        raise DataError(f"{folder} is missing; {hint}") from None
    except NotADirectoryError:
        raise DataError(f"{folder} is a file, expected a folder; {hint}") from None
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}; {hint}") from error


def list_images(folder: Path, hint: str) -> list[Path]:
    """The image files of a folder, in the order of their names.

    Raises:
        DataError: there is none, or something else lies between them: what is passed over in silence is missed late.
    """
    found = visible(folder, hint)
    for path in found:
        if path.suffix.lower() not in SUFFIXES or not os.path.isfile(path):
            raise DataError(f"{path} is no image file ({' '.join(SUFFIXES)}); move it elsewhere; {hint}")
    if not found:
        raise DataError(f"{folder} holds no image; {hint}")
    return found


def read_images(
    items: Sequence[Item], read: Callable[[Item], NDArray[np.uint8]], shape: tuple[int, int, int], hint: str
) -> Tensor:
    """Images uint8 (N, C, H, W), in the order of the items.

    Args:
        read: makes pixels [H, W, C] of an item; it runs in several threads, as Pillow decodes without Python's lock.
        shape: C, H and W.

    Raises:
        DataError: what `read` says about the first item that it cannot read.
    """
    try:
        images = torch.empty((len(items), *shape), dtype=torch.uint8)
    except RuntimeError as error:
        needed = len(items) * math.prod(shape) / 2**30
        raise DataError(
            f"{len(items)} images of shape {shape} need {needed:.1f} GiB of memory; make them smaller"
        ) from error
    filled = images.numpy()

    def fill(index: int) -> None:
        filled[index] = read(items[index]).transpose(2, 0, 1)

    with ThreadPoolExecutor(_processors()) as pool:
        try:
            for _ in pool.map(fill, range(len(items))):  # an error cancels what has not begun
                pass
        except FileNotFoundError as error:
            raise DataError(f"{error.filename} is missing; {hint}") from None
        except OSError as error:
            raise DataError(
                f"{error.filename or 'an image'} cannot be read: {error.strerror or error}; {hint}"
            ) from error
        except ValueError as error:
            raise DataError(f"{error}; {hint}") from error
    return images


def _processors() -> int:
    """Those this process may use; a container often has fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
