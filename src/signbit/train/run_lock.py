"""A lock on one run, which the system takes away from a process that is gone."""

import os
import time
from pathlib import Path
from typing import final

from signbit.errors import SignbitError

_TRIES, _WAIT = 3, 0.02  # seconds


@final
class RunLock:
    """A lock file of which the lock counts, not that the file is there: what is killed leaves nothing to clean up.

    A process that inherits `descriptor` holds the lock too.

    Raises:
        SignbitError: this system has no such locks (Windows).
    """

    def __init__(self, path: Path) -> None:
        self.path, self._descriptor = path, -1
        if os.name != "posix":
            raise SignbitError("a queue needs the file locks of Linux or macOS; run its entries by signbit train")

    @property
    def descriptor(self) -> int:
        """Of the file, while it is locked."""
        return self._descriptor

    def take(self) -> bool:
        """Lock it, or say that another process has."""
        import fcntl

        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        for _ in range(_TRIES):  # one that only looks holds it for microseconds
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_WAIT)
            else:
                self._descriptor = descriptor
                return True
        os.close(descriptor)
        return False

    def release(self) -> None:
        """Unlock it for this process; one that inherited it holds it on."""
        os.close(self._descriptor)
        self._descriptor = -1

    def is_held(self) -> bool:
        """Whether some process has it."""
        if not self.path.exists():
            return False
        if self.take():
            self.release()
            return False
        return True
