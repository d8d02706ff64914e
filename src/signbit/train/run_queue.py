"""The runs of a queue, one process each: what is done is skipped, what was begun goes on."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, final

from signbit.errors import RunStopped, SignbitError
from signbit.train.checkpoint import MODEL_FILE
from signbit.train.queue_file import Job
from signbit.train.recipe import check_recipe
from signbit.train.result import check_same_experiment, read_result, result_of, write_result
from signbit.train.resume import check_same_recipe
from signbit.train.run_folder import CURVES_FILE, LAST_FILE, read_curves
from signbit.train.run_lock import RunLock
from signbit.train.stopping import CTRL_C, INTERRUPTED, TRY_AGAIN, Stopping
from signbit.train.stored_model import store_model, stored_beside

_COMMAND = (sys.executable, "-m", "signbit")  # a run on several devices starts itself again by this name
_WAIT = 0.2  # seconds between two looks at the processes

State = Literal["done", "running", "trained", "begun", "to come", "not possible"]


@dataclass(frozen=True)
class Place:
    """Where a queue keeps what it makes.

    Args:
        results: NAME.json of each finished run, and the stored models, in `models/`.
        runs: run folders, logs and locks.
        data_dir: of the data sets; by default what the recipes or SIGNBIT_DATA say.
    """

    results: Path = Path("results")
    runs: Path = Path("runs")
    data_dir: str | None = None

    def folder(self, job: Job) -> Path:
        """The run folder."""
        return self.runs / job.name

    def result(self, job: Job) -> Path:
        """The result."""
        return self.results / f"{job.name}.json"

    def model(self, job: Job) -> Path:
        """The stored model, where the queue asks for one."""
        return stored_beside(self.result(job))

    def log(self, job: Job) -> Path:
        """What the run prints."""
        return self.runs / f"{job.name}.log"

    def lock(self, job: Job) -> RunLock:
        """The lock of the run."""
        return RunLock(self.runs / f"{job.name}.lock")


@dataclass
class Report:
    """What a queue has done: names of runs, and why some failed."""

    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def look(job: Job, place: Place) -> tuple[State, str]:
    """How far a run is, and a few words on it."""
    try:
        epochs = _epochs(job)
        if _has_result(job, place):
            best = read_result(place.result(job))["best"]
            return "done", f"held out {100 * best['held_out_accuracy']:.2f} %, epoch {best['epoch'] + 1} of {epochs}"
    except SignbitError as error:
        return "not possible", str(error)
    folder = place.folder(job)
    rows = read_curves(folder) if (folder / CURVES_FILE).exists() else []
    so_far = f"epoch {len(rows)} of {epochs}"
    if place.lock(job).is_held():
        return "running", so_far
    if (folder / MODEL_FILE).exists():
        return "trained", "its result is not written yet"
    if rows or (folder / LAST_FILE).exists():
        return "begun", so_far
    return "to come", f"{epochs} epochs"


def run_queue(
    jobs: list[Job],
    place: Place,
    *,
    processes: int | None = None,
    time_limit: float | None = None,
    tell: Callable[[str], None] = print,
) -> Report:
    """Train what is not done yet, several runs at a time.

    A run that fails is told of, and the others go on. SIGTERM, Ctrl-C and the end of the time end the runs after the
    step they are at, saved; the queue goes on from there when it is started again. A second Ctrl-C kills them, and
    leaves what they saved last. No run is in the hands of two queues.

    Args:
        jobs: in the order in which they are begun.
        processes: at the same time; by default as many as there are cores for this process.
        time_limit: seconds.
        tell: is given one line for each thing that happens.

    Raises:
        RunStopped: the queue was asked to end early, and something is left to do.
        ValueError: processes is below 1, or time_limit not above 0.
    """
    processes = _cores() if processes is None else processes
    if processes < 1 or (time_limit is not None and time_limit <= 0):
        raise ValueError(f"processes is {processes!r}, time_limit {time_limit!r}; give at least 1, and more than 0")
    deadline = None if time_limit is None else time.perf_counter() + time_limit
    queue = _Queue(jobs, place, processes, tell)
    with Stopping(deadline, signals=True) as stopping:
        try:
            while queue.goes_on(stopping.reason):
                time.sleep(_WAIT)
        except KeyboardInterrupt:
            queue.kill()
            raise
    if stopping.reason and (queue.report.stopped or queue.pending):
        left = len(queue.report.stopped) + len(queue.pending)
        text = f"{stopping.reason}: {left} runs are left, those begun are saved; the same command goes on with them"
        raise RunStopped(text, INTERRUPTED if stopping.reason == CTRL_C else TRY_AGAIN)
    return queue.report


@dataclass
class _Process:
    job: Job
    lock: RunLock
    process: subprocess.Popen[bytes]


@final
class _Queue:
    """The processes, and what is still to be begun."""

    def __init__(self, jobs: list[Job], place: Place, processes: int, tell: Callable[[str], None]) -> None:
        self.pending, self.report = list(jobs), Report()
        self._place, self._processes, self._tell = place, processes, tell
        self._running: list[_Process] = []
        self._told_to_stop = False

    def goes_on(self, stop: str | None) -> bool:
        """Take in what has ended, begin what there is room for; False when nothing is left."""
        for running in [each for each in self._running if each.process.poll() is not None]:
            self._running.remove(running)
            self._take_in(running)
        if stop and not self._told_to_stop:
            self._told_to_stop = True
            for running in self._running:
                running.process.terminate()
        while not stop and self.pending and len(self._running) < self._processes:
            self._begin(self.pending.pop(0))
        return bool(self._running)

    def kill(self) -> None:
        """End the processes at once."""
        for running in self._running:
            running.process.kill()
            running.process.wait()
            running.lock.release()

    def _begin(self, job: Job) -> None:
        with self._faults(job):
            if _has_result(job, self._place):
                self.report.skipped.append(job.name)
                return
            threads = job.recipe().train.threads
            lock = self._place.lock(job)
            if not lock.take():
                self.report.elsewhere.append(job.name)
                self._tell(f"{job.name}: in the hands of another queue")
                return
            try:
                if _has_result(job, self._place):  # since the last look
                    self.report.skipped.append(job.name)
                elif (self._place.folder(job) / MODEL_FILE).exists():
                    self._write_result(job)
                else:
                    self._running.append(_Process(job, lock, self._start(job, lock, threads)))
                    return
            except BaseException:
                lock.release()
                raise
            lock.release()

    def _start(self, job: Job, lock: RunLock, threads: int | None) -> subprocess.Popen[bytes]:
        place = self._place
        settings = [word for override in job.overrides for word in ("--set", override)]
        data = ["--data-dir", place.data_dir] if place.data_dir is not None else []
        command = [*_COMMAND, "train", job.section.recipe, "--folder", str(place.folder(job)), "--resume"]
        environment = os.environ if threads is None else {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self._tell(f"{job.name}: begins, log in {place.log(job)}")
        with place.log(job).open("ab") as log:
            return subprocess.Popen(
                [*command, *settings, *data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                # The run holds the lock as well: if the queue is killed, another leaves the run alone while it lasts.
                pass_fds=[lock.descriptor],
                start_new_session=True,  # Ctrl-C reaches the queue, which ends the runs with SIGTERM
            )

    def _take_in(self, running: _Process) -> None:
        job, status = running.job, running.process.returncode
        with self._faults(job), contextlib.ExitStack() as stack:
            stack.callback(running.lock.release)
            if status == 0:
                self._write_result(job)
            elif self._told_to_stop and status in (TRY_AGAIN, -signal.SIGTERM):  # the latter before its first step
                self.report.stopped.append(job.name)
                self._tell(f"{job.name}: stopped, {look(job, self._place)[1]}")
            elif status == TRY_AGAIN:
                self.pending.append(job)
                self._tell(f"{job.name}: was stopped; it goes on later")
            else:
                log = self._place.log(job)
                raise SignbitError(f"status {status}: {_last_line(log)}; see {log}")

    def _write_result(self, job: Job) -> None:
        place, section = self._place, job.section
        recipe = job.recipe()
        result = result_of(
            place.folder(job),
            section.name,
            splits=recipe.data.load(place.data_dir),
            activations=job.seed in section.activations,
        )
        check_same_recipe(check_recipe(result["recipe"], str(place.folder(job))), recipe, place.folder(job))
        write_result(result, place.result(job))
        if job.seed in section.models:
            store_model(place.folder(job), place.model(job))
        self.report.done.append(job.name)
        self._tell(f"{job.name}: {look(job, place)[1]}, test {100 * result['best']['test_accuracy']:.2f} %")

    @contextlib.contextmanager
    def _faults(self, job: Job) -> Iterator[None]:
        """Whatever is wrong with one run is told, and the others go on."""
        try:
            yield
        except Exception as error:  # a run folder from elsewhere may lack anything
            kind = "" if isinstance(error, (SignbitError, ValueError, OSError)) else f"{type(error).__name__}: "
            self.report.failed[job.name] = kind + " ".join(str(error).split())
            self._tell(f"{job.name}: FAILED: {self.report.failed[job.name]}")


def _has_result(job: Job, place: Place) -> bool:
    """Raises: RunFolderError: by another recipe."""
    path = place.result(job)
    if not path.exists():
        return False
    check_same_experiment(path, job.recipe())
    return True


def _epochs(job: Job) -> int:
    recipe = job.recipe()
    return sum(recipe.stage(index).epochs for index in range(len(recipe.stages)))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].removeprefix("error: ") if lines else f"{log} is empty"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
