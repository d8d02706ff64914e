"""What can go wrong on the way: a clear error, and the last good checkpoint as it was."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from equal_runs import assert_equal_runs
from torch import nn

from signbit import cli
from signbit.data import DataError, Splits
from signbit.errors import RunFolderError, RunStopped
from signbit.train import Recipe, TrainingError, checkpoint, evaluate, fit, load_checkpoint, schedule, to_toml
from signbit.train.checkpoint import CheckpointError
from signbit.train.whole_file import whole_file

# A shell starts what it runs in the background with Ctrl-C ignored, and children inherit that: the tests may be such.
CTRL_C_COUNTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = (sys.executable, "-c", f"{CTRL_C_COUNTS}; from signbit.cli import main; main()", "train")


@pytest.fixture
def broken_off(staged: Recipe, few_digits: Splits, tmp_path: Path) -> Path:
    """A run that reached its time limit in the first epoch."""
    with pytest.raises(RunStopped):
        fit(staged, tmp_path / "run", splits=few_digits, quiet=True, time_limit=1e-3)
    return tmp_path / "run"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_disk_full_in_a_process_of_its_own(staged: Recipe, tmp_path: Path) -> None:
    folder, whole = tmp_path / "run", tmp_path / "whole"
    with pytest.raises(RunStopped):
        fit(staged, folder, quiet=True, time_limit=1e-3)
    before = contents(folder)
    size = len(before["last.pt"]) // 2

    # Nobody but root can make a small disk; everybody can forbid a process files larger than half a checkpoint.
    ended = subprocess.run(
        [*COMMAND, str(folder / "recipe.toml"), "--folder", str(folder), "--resume"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    error = ended.stderr.splitlines()[-1]
    assert error.startswith(f"error: {folder / 'last.pt'} cannot be written: File too large; what was there before")
    assert contents(folder)["last.pt"] == before["last.pt"]
    assert not list(folder.glob(".*"))

    fit(staged, folder, quiet=True, resume=True)
    fit(staged, whole, quiet=True)
    assert_equal_runs(whole, folder)


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_no_space_left(size: int, tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    checkpoint.save({"number": 1}, path)
    before = path.read_bytes()
    # What is written to this device meets the error of a full disk.
    (tmp_path / f".last.pt.{os.getpid()}.part").symlink_to("/dev/full")
    with pytest.raises(RunFolderError, match=r"last\.pt cannot be written: No space left on device; .* make room"):
        checkpoint.save({"number": torch.zeros(size, dtype=torch.uint8)}, path)
    assert contents(tmp_path) == {"last.pt": before}


def test_a_folder_that_is_a_file(staged: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("not a folder")
    with pytest.raises(RunFolderError, match=r"versions\.json cannot be written: "):
        fit(staged, tmp_path / "run", splits=few_digits, quiet=True)


def test_an_error_that_is_not_the_disks(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="of another kind"), whole_file(tmp_path / "x"):
        raise RuntimeError("of another kind")
    assert not list(tmp_path.iterdir())


def flip_a_bit(data: bytes) -> bytes:
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "one byte": lambda data: data[:1],
    "its header": lambda data: data[:100],
    "half": lambda data: data[: len(data) // 2],
    "all but the directory at its end": lambda data: data[:-1000],
    "all but one byte": lambda data: data[:-1],
    "the second half": lambda data: data[len(data) // 2 :],
    "zeros at the end": lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2),
    "one bit": flip_a_bit,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint(damage: str, broken_off: Path, staged: Recipe, few_digits: Splits) -> None:
    damaged = DAMAGES[damage]((broken_off / "last.pt").read_bytes())
    (broken_off / "last.pt").write_bytes(damaged)
    before = contents(broken_off)
    with pytest.raises(
        CheckpointError, match=r"last\.pt cannot be read as a checkpoint: .*; put a copy of last\.pt back"
    ):
        fit(staged, broken_off, splits=few_digits, quiet=True, resume=True)
    assert contents(broken_off) == before


def test_every_truncation_is_seen(broken_off: Path, seed: int) -> None:
    whole = (broken_off / "last.pt").read_bytes()
    generator = torch.Generator().manual_seed(seed)
    ends = {*range(64), *range(len(whole) - 64, len(whole))}
    for end in ends | set(torch.randint(0, len(whole), (200,), generator=generator).tolist()):
        (broken_off / "last.pt").write_bytes(whole[:end])
        with pytest.raises(CheckpointError):
            load_checkpoint(broken_off / "last.pt")


def test_a_damaged_checkpoint_beside_kept_epochs(staged: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    result = fit(staged, tmp_path, splits=few_digits, quiet=True, keep=1)
    (tmp_path / "model.pt").unlink()
    (tmp_path / "last.pt").write_bytes(b"")
    kept = f"epoch-{result.best_epoch:04}.pt"
    with pytest.raises(CheckpointError, match=rf"beside it there are {kept}, to evaluate and convert"):
        fit(staged, tmp_path, splits=few_digits, quiet=True, resume=True)
    model, _, _ = load_checkpoint(tmp_path / kept)
    assert evaluate(model, few_digits.test).accuracy == result.test.accuracy


def test_a_model_is_no_run(broken_off: Path, staged: Recipe, few_digits: Splits) -> None:
    content = torch.load(broken_off / "last.pt", weights_only=True)
    del content["run"]
    torch.save(content, broken_off / "last.pt")
    with pytest.raises(CheckpointError, match=r"last\.pt holds a model, but no run to go on with"):
        fit(staged, broken_off, splits=few_digits, quiet=True, resume=True)


def test_a_checkpoint_that_does_not_fit(broken_off: Path, staged: Recipe, few_digits: Splits) -> None:
    content = torch.load(broken_off / "last.pt", weights_only=True)
    del content["model"][next(iter(content["model"]))]
    torch.save(content, broken_off / "last.pt")
    with pytest.raises(CheckpointError, match=r"(?s)does not fit its model: .*Missing key.* by signbit \d"):
        fit(staged, broken_off, splits=few_digits, quiet=True, resume=True)


def test_vanished_data(
    staged: Recipe,
    few_digits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    images = tmp_path / "images"
    recipe = Recipe.model_validate(staged.model_dump() | {"data": {"name": "cifar10", "folder": str(images)}})
    folder = tmp_path / "run"
    with pytest.raises(RunStopped):
        fit(recipe, folder, splits=few_digits, quiet=True, time_limit=1e-3)
    before = contents(folder)
    with pytest.raises(DataError, match=f"{images} does not exist"):
        fit(recipe, folder, quiet=True, resume=True)
    images.mkdir()
    with pytest.raises(DataError, match=rf"{images}.* is missing; get"):
        fit(recipe, folder, quiet=True, resume=True)
    images.rmdir()
    arguments = ["signbit", "train", str(folder / "recipe.toml"), "--folder", str(folder), "--resume"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"error: cifar10: {images} does not exist")
    assert contents(folder) == before
    fit(recipe, folder, splits=few_digits, quiet=True, resume=True)


def test_a_loss_that_is_not_finite(
    broken_off: Path, staged: Recipe, few_digits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (broken_off / "last.pt").read_bytes()
    original = schedule.set_progress
    calls = 0

    def poison(model: nn.Module, progress: float, epoch: int) -> None:
        nonlocal calls
        original(model, progress, epoch)
        calls += 1
        if calls == 3:
            with torch.no_grad():
                model.get_submodule("features.2").beta[0] = torch.nan

    with monkeypatch.context() as patched:
        patched.setitem(fit.__globals__, "set_progress", poison)
        with pytest.raises(TrainingError, match=r"step 3: not finite, first in the output of features\.2"):
            fit(staged, broken_off, splits=few_digits, quiet=True, resume=True)
    assert (broken_off / "last.pt").read_bytes() == before
    fit(staged, broken_off, splits=few_digits, quiet=True, resume=True)
    fit(staged, tmp_path / "whole", splits=few_digits, quiet=True)
    assert_equal_runs(tmp_path / "whole", broken_off)


def test_nothing_in_the_last_checkpoint_is_run(broken_off: Path, staged: Recipe, few_digits: Splits) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(broken_off / "ran"),))

    torch.save({"signbit_checkpoint": 1, "run": Malicious()}, broken_off / "last.pt")
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        fit(staged, broken_off, splits=few_digits, quiet=True, resume=True)
    assert not (broken_off / "ran").exists()


@pytest.mark.slow
def test_signals_to_the_command(staged: Recipe, tmp_path: Path) -> None:
    recipe, folder, whole = tmp_path / "staged.toml", tmp_path / "run", tmp_path / "whole"
    recipe.write_text(to_toml(staged))
    command = [*COMMAND, str(recipe), "--folder", str(folder), "--resume"]
    for number, name, status in ((signal.SIGTERM, "SIGTERM", 75), (signal.SIGINT, "Ctrl-C", 130)):
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            lines = [process.stderr.readline(), process.stderr.readline()]
            assert lines[1].startswith("epoch ")
            process.send_signal(number)
            last = process.stderr.readlines()[-1]
        assert process.returncode == status, last
        assert last.startswith(f"stopped: {name} after step ")
        assert last.endswith(f"the checkpoint in {folder} holds all of it: go on with --resume\n")
    fit(staged, folder, quiet=True, resume=True)
    fit(staged, whole, quiet=True)
    assert_equal_runs(whole, folder)


def test_a_kept_copy_can_be_put_back(staged: Recipe, few_digits: Splits, broken_off: Path, tmp_path: Path) -> None:
    # What the message about a damaged checkpoint says to do.
    shutil.copy(broken_off / "last.pt", tmp_path / "copy.pt")
    (broken_off / "last.pt").write_bytes(b"")
    shutil.copy(tmp_path / "copy.pt", broken_off / "last.pt")
    fit(staged, broken_off, splits=few_digits, quiet=True, resume=True)
    fit(staged, tmp_path / "whole", splits=few_digits, quiet=True)
    assert_equal_runs(tmp_path / "whole", broken_off)
