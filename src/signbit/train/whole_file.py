"""Files that are written whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from signbit.errors import RunFolderError


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` when all of it is on the disk; killed or failed before, the old stays.

    The file is synced before the rename, or a power cut could leave the new name on an empty file; the folder after
    it, or the old name could come back after the caller was told otherwise.

    Raises:
        RunFolderError: it cannot be written, such as on a full disk.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError) as error:
        # torch's writer meets the OSError of a full disk and raises a RuntimeError about positions in a zip file.
        cause = error if isinstance(error, OSError) else error.__context__
        if not isinstance(cause, OSError):
            raise
        raise RunFolderError(
            f"{path} cannot be written: {cause.strerror or cause}; what was there before is untouched: make room "
            "there, or give the right to write; a run goes on with --resume"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def remove_parts(folder: Path) -> None:
    """Remove what killed processes were writing."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
