"""Ending a run early, by a signal or a time limit, where all of it can be saved."""

import re
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, final

from signbit.errors import RunStopped

TRY_AGAIN, INTERRUPTED = 75, 130  # see RunStopped
CTRL_C = "Ctrl-C"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """Seconds that a text such as `3600`, `90m`, `2h` or `1.5d` stands for.

    Raises:
        ValueError: it stands for none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no time; give seconds, or a number with s, m, h or d, such as 90m")
    return float(found[1]) * _UNITS[found[2]]


@final
class Stopping:
    """Notes a SIGTERM, a first Ctrl-C or the end of the time, for the loop to ask after each step.

    Signals are noted in the main thread only, where Python allows it, and one that is ignored stays so. A second
    Ctrl-C interrupts at once; a second SIGTERM does nothing more, since schedulers send it to a process and again to
    its group. On exit the handlers of before are back.

    Args:
        deadline: on the clock of `time.perf_counter`; None sets none.
        signals: note signals.
    """

    def __init__(self, deadline: float | None, signals: bool) -> None:
        self._deadline = deadline
        self._signals = signals and threading.current_thread() is threading.main_thread()
        self._noted: str | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stopping":
        if self._signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler or signal.SIG_DFL)  # None: it was not installed from Python

    @property
    def reason(self) -> str | None:
        """Why the run should end now, or None."""
        if self._noted is None and self._deadline is not None and time.perf_counter() >= self._deadline:
            return "the time limit"
        return self._noted

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted = CTRL_C if number == signal.SIGINT else "SIGTERM"
        if number == signal.SIGINT:
            signal.signal(number, self._before[number] or signal.SIG_DFL)


def stopped(reason: str, step: int, steps: int, folder: object) -> RunStopped:
    """The exception that ends a run whose last checkpoint is written."""
    text = f"{reason} after step {step} of {steps}; the checkpoint in {folder} holds all of it: go on with --resume"
    return RunStopped(text, INTERRUPTED if reason == CTRL_C else TRY_AGAIN)
