"""Runs `signbit` again and again without importing torch each time, and kills it where it is told to.

A script of its own: it reads one JSON order a line and answers one. A fork of a process that has imported torch and
computed nothing is what a new process is, three seconds later.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import sklearn.datasets  # noqa: F401 - imported for the forks, like the next two
import torch

import signbit.train  # noqa: F401
from signbit import cli


def run(arguments: list[str], log: str) -> None:
    """Be the command; never returns."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["signbit", *arguments]
    status = 1
    try:
        cli.main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(status)


def wait(process: int, folder: Path, delay: float | None, in_save: bool) -> int | None:
    """Wait until it is time to kill, and give None, or until the process ends, and give its status."""
    began = time.perf_counter()
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        late = delay is not None and time.perf_counter() - began >= delay
        if late and (not in_save or any(folder.glob(".last.pt.*.part"))):
            return None
        time.sleep(0.0002)


def obey(order: dict[str, Any]) -> dict[str, Any]:
    """Run the command, kill it after `delay` seconds, or after that while it writes a checkpoint."""
    folder = Path(order["folder"])
    process = os.fork()
    if process == 0:
        run(order["arguments"], order["log"])
    status = wait(process, folder, order["delay"], order["in_save"])
    if status is None:
        os.kill(process, signal.SIGKILL)
        _, waited = os.waitpid(process, 0)
        status = os.waitstatus_to_exitcode(waited)
    return {"status": status, "in_save": any(folder.glob(".last.pt.*.part"))}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)
