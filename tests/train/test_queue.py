"""A queue of runs: its order, what it skips, goes on with, reports and ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from signbit.errors import RecipeError
from signbit.train.queue_file import Job, read_queue
from signbit.train.run_lock import RunLock
from signbit.train.run_queue import Place, look, run_queue

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a queue needs the file locks of POSIX")

SMALL = 'set = ["model.width=0.05", "train.epochs=1", "train.accelerator=cpu"]\n'
RUN = '[[runs]]\nname = "{name}"\nrecipe = "binarynet-digits"\n'


def queue_file(folder: Path, text: str) -> Path:
    path = folder / "queue.toml"
    path.write_text(text)
    return path


def jobs_of(folder: Path, text: str) -> list[Job]:
    return read_queue(queue_file(folder, text))


def place_in(folder: Path) -> Place:
    return Place(folder / "results", folder / "runs")


def test_the_first_seed_of_each_comes_first(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, "seeds = [0, 7]\n" + RUN.format(name="a") + RUN.format(name="b") + "seeds = [3, 2, 1]\n")
    assert [job.name for job in jobs] == ["a-seed0", "b-seed3", "a-seed7", "b-seed2", "b-seed1"]
    assert jobs[2].recipe().train.seed == 7


def test_changes_of_the_run_go_over_those_of_the_queue(tmp_path: Path) -> None:
    text = 'set = ["train.epochs=5", "train.lr=1.0"]\n' + RUN.format(name="a") + 'set = ["train.epochs=3"]\n'
    recipe = jobs_of(tmp_path, text)[0].recipe()
    assert (recipe.train.epochs, recipe.train.lr, recipe.train.threads) == (3, 1.0, 1)
    threads = jobs_of(tmp_path, 'set = ["train.threads=2"]\n' + RUN.format(name="a"))[0].recipe().train.threads
    assert threads == 2


WRONG = {
    "no runs": ("seeds = [0]\n", "runs: missing"),
    "unknown key": (RUN.format(name="a") + "seed = 1\n", "runs.0.seed: unknown key; there are name, recipe, set"),
    "two of one name": (RUN.format(name="a") * 2, "two runs are named 'a'"),
    "a path as a name": (RUN.format(name="../a"), "becomes that of a file"),
    "a seed twice": ("seeds = [1, 1]\n" + RUN.format(name="a"), "seeds are .*give each once"),
    "not TOML": ("[[runs]\n", "queue.toml"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_in_the_file_is_named(case: str, tmp_path: Path) -> None:
    text, message = WRONG[case]
    with pytest.raises(RecipeError, match=message):
        jobs_of(tmp_path, text)


def test_a_queue_from_beginning_to_end(tmp_path: Path) -> None:
    """Two runs, one of which fails in its process, and one that cannot be read; then the same again."""
    text = SMALL + RUN.format(name="good") + 'activations = [0]\nmodels = [0]\nset = ["record.activations=4"]\n'
    text += RUN.format(name="failing") + 'set = ["data.folder=nowhere", "data.name=mnist"]\n'
    text += '[[runs]]\nname = "unknown"\nrecipe = "resnet1000"\n'
    jobs, place, told = jobs_of(tmp_path, text), place_in(tmp_path), list[str]()
    assert [look(job, place)[0] for job in jobs] == ["to come", "to come", "not possible"]
    report = run_queue(jobs, place, processes=2, tell=told.append)
    assert report.done == ["good-seed0"]
    assert report.failed.keys() == {"failing-seed0", "unknown-seed0"}
    assert "nowhere" in report.failed["failing-seed0"]
    assert "resnet1000: no such file or recipe" in report.failed["unknown-seed0"]
    assert any("good-seed0: held out" in line for line in told)

    result = json.loads((tmp_path / "results/good-seed0.json").read_text())
    assert (result["name"], result["threads"], result["images"]["test"]) == ("good", 1, 359)
    assert "activations" in result["curves"][0]
    assert (tmp_path / "results/models/good-seed0.safetensors").exists()
    assert look(jobs[0], place)[0] == "done"
    again = run_queue(jobs[:1], place, processes=1, tell=told.append)
    assert (again.done, again.skipped) == ([], ["good-seed0"])

    # A result that was lost is made from the run; one of another recipe is never overwritten.
    (tmp_path / "results/good-seed0.json").unlink()
    assert look(jobs[0], place)[0] == "trained"
    assert run_queue(jobs[:1], place, processes=1, tell=told.append).done == ["good-seed0"]
    other = jobs_of(tmp_path, SMALL + RUN.format(name="good") + 'set = ["train.lr=0.5"]\n')
    failed = run_queue(other, place, processes=1, tell=told.append).failed["good-seed0"]
    assert "result of another recipe" in failed
    assert "train.lr is 0.01 there and 0.5 now" in failed


def test_what_another_process_holds_is_left_alone(tmp_path: Path) -> None:
    jobs, place = jobs_of(tmp_path, SMALL + RUN.format(name="a")), place_in(tmp_path)
    lock = place.lock(jobs[0])
    assert lock.take()
    assert look(jobs[0], place)[0] == "running"
    report = run_queue(jobs, place, processes=1, tell=lambda _: None)
    assert report.elsewhere == ["a-seed0"]
    lock.release()
    assert not lock.is_held()


def test_a_lock_ends_with_its_processes(tmp_path: Path) -> None:
    """Killed, the queue leaves the lock to the run that inherited it; killed too, that leaves it to nobody."""
    holder = (
        "import subprocess, sys, time; from pathlib import Path; from signbit.train.run_lock import RunLock; "
        f"lock = RunLock(Path({str(tmp_path / 'a.lock')!r})); assert lock.take(); "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], pass_fds=[lock.descriptor]); "
        "print(child.pid, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    lock = RunLock(tmp_path / "a.lock")
    try:
        assert lock.is_held()
        process.kill()
        process.wait()
        assert lock.is_held()
    finally:
        os.kill(child, signal.SIGKILL)
    assert _in_time(lambda: not lock.is_held())


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 75), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_a_signal_saves_the_runs_and_the_queue_goes_on(number: signal.Signals, status: int, tmp_path: Path) -> None:
    text = 'set = ["model.width=0.05", "train.epochs=12", "train.accelerator=cpu"]\n' + RUN.format(name="long")
    # What a shell starts in the background ignores Ctrl-C, and so would the queue.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{heard}; from signbit.cli import main; main()"
    command = [sys.executable, "-c", start, "queue", str(queue_file(tmp_path, text))]
    with contextlib.ExitStack() as stack:
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        stack.callback(process.kill)
        curves = tmp_path / "runs/long-seed0/curves.jsonl"
        assert _in_time(curves.exists)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == status, errors
    assert f"stopped: {'Ctrl-C' if number == signal.SIGINT else 'SIGTERM'}: 1 runs are left" in errors
    jobs, place = jobs_of(tmp_path, text), place_in(tmp_path)
    state, note = look(jobs[0], place)
    assert state == "begun", note
    before = len(curves.read_text().splitlines())
    assert 1 <= before < 12
    assert run_queue(jobs, place, processes=1, tell=lambda _: None).done == ["long-seed0"]
    assert len(curves.read_text().splitlines()) == 12
    assert "on from epoch" in (tmp_path / "runs/long-seed0.log").read_text()


def test_a_second_ctrl_c_kills_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, place = jobs_of(tmp_path, RUN.format(name="a")), place_in(tmp_path)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_queue(jobs, place, processes=1, tell=lambda _: None)
    assert place.log(jobs[0]).exists()  # it was begun
    assert not place.lock(jobs[0]).is_held()  # the run held it too
    assert look(jobs[0], place)[0] == "to come"


def test_wrong_arguments(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, RUN.format(name="a"))
    for wrong in ({"processes": 0}, {"time_limit": 0.0}):
        with pytest.raises(ValueError, match="give at least 1, and more than 0"):
            run_queue(jobs, place_in(tmp_path), **wrong)


def _in_time(holds: object) -> bool:
    assert callable(holds)
    end = time.monotonic() + 60
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(found)
