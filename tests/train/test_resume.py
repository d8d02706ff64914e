"""Runs that were ended early, on purpose or not, go on to the same bits."""

import contextlib
import json
import os
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from equal_runs import assert_equal_runs, differences
from torch import nn

from signbit.data import Splits
from signbit.errors import RunFolderError, RunStopped
from signbit.train import FitResult, Recipe, evaluate, fit, load_checkpoint, schedule, to_toml
from signbit.train.run_state import RunState
from signbit.train.stopping import Stopping, seconds

STEPS = 32  # of `staged` on a few digits: two stages of two epochs of eight steps


class StopAfter:
    """In the place of Stopping: asks for an end after so many steps of this call."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, deadline: float | None, signals: bool) -> "StopAfter":
        return self

    def __enter__(self) -> "StopAfter":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    @property
    def reason(self) -> str | None:
        self.left -= 1
        return "SIGTERM" if self.left == 0 else None


@pytest.fixture
def whole(staged: Recipe, few_digits: Splits, tmp_path: Path) -> Path:
    """The run without a break."""
    fit(staged, tmp_path / "whole", splits=few_digits, quiet=True)
    return tmp_path / "whole"


def run_in_parts(
    steps: int, recipe: Recipe, folder: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> FitResult:
    for _ in range(STEPS + 1):
        monkeypatch.setitem(fit.__globals__, "Stopping", StopAfter(steps))
        torch.rand(5), random.random()  # what came before does not matter
        with contextlib.suppress(RunStopped):
            return fit(recipe, folder, splits=splits, quiet=True, resume=True)
    raise AssertionError("the run makes no progress")


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_stopped_again_and_again(
    steps: int, whole: Path, staged: Recipe, few_digits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 1: after every step, so also after the last of an epoch and of a stage; 8: always there.
    result = run_in_parts(steps, staged, tmp_path / "parts", few_digits, monkeypatch)
    assert_equal_runs(whole, tmp_path / "parts")
    model, _, info = load_checkpoint(whole)
    assert differences(dict(model.state_dict()), dict(result.model.state_dict())) == []
    assert (info["epoch"], info["test_accuracy"]) == (result.best_epoch, result.test.accuracy)


def test_what_draws_from_the_global_generators_goes_on_too(
    staged: Recipe, few_digits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = schedule.set_progress

    def noisy(model: nn.Module, progress: float, epoch: int) -> None:
        original(model, progress, epoch)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 1e-2 * random.random() * torch.randn_like(parameter)

    monkeypatch.setitem(fit.__globals__, "set_progress", noisy)
    fit(staged, tmp_path / "whole", splits=few_digits, quiet=True)
    run_in_parts(5, staged, tmp_path / "parts", few_digits, monkeypatch)
    assert_equal_runs(tmp_path / "whole", tmp_path / "parts")


def test_checkpoints_within_an_epoch_change_nothing(
    whole: Path, staged: Recipe, few_digits: Splits, tmp_path: Path
) -> None:
    fit(staged, tmp_path / "often", splits=few_digits, quiet=True, checkpoint_every=0)
    assert_equal_runs(whole, tmp_path / "often")


def test_killed_between_a_checkpoint_and_its_curves(
    whole: Path, staged: Recipe, few_digits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, lines in {"row missing": slice(0, -1), "row too many": slice(0, None), "row cut": slice(0, -1)}.items():
        folder = tmp_path / name
        monkeypatch.setitem(fit.__globals__, "Stopping", StopAfter(20))
        with pytest.raises(RunStopped):
            fit(staged, folder, splits=few_digits, quiet=True)
        rows = (folder / "curves.jsonl").read_text().splitlines(keepends=True)
        assert len(rows) == 2
        extra = {"row missing": "", "row too many": rows[-1], "row cut": rows[-1][:20]}[name]
        (folder / "curves.jsonl").write_text("".join(rows[lines]) + extra)
        (folder / ".last.pt.4711.part").write_bytes(b"half of a checkpoint")
        (folder / ".curves.jsonl.4711.part").write_bytes(b"")
        fit(staged, folder, splits=few_digits, quiet=True, resume=True)
        assert_equal_runs(whole, folder)


def test_killed_before_model_pt(whole: Path, staged: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "again")
    (tmp_path / "again" / "model.pt").unlink()
    fit(staged, tmp_path / "again", splits=few_digits, quiet=True, resume=True)
    assert_equal_runs(whole, tmp_path / "again")


def test_without_a_checkpoint_it_begins(
    whole: Path, staged: Recipe, few_digits: Splits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "recipe.toml").write_text(to_toml(staged))  # killed in its first epoch
    fit(staged, folder, splits=few_digits, resume=True)
    assert f"{folder} has no checkpoint: from the beginning" in capsys.readouterr().err
    assert_equal_runs(whole, folder)


def test_it_says_where_it_goes_on(
    staged: Recipe,
    few_digits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(fit.__globals__, "Stopping", StopAfter(11))
    with pytest.raises(RunStopped, match=f"SIGTERM after step 11 of {STEPS}; .* go on with --resume"):
        fit(staged, tmp_path, splits=few_digits)
    last = torch.load(tmp_path / "last.pt", weights_only=True)
    assert last["run"]["batch"] == 3
    last["info"]["versions"]["torch"] = "1.0"
    torch.save(last, tmp_path / "last.pt")
    monkeypatch.setitem(fit.__globals__, "Stopping", StopAfter(1))
    with pytest.raises(RunStopped):
        fit(staged, tmp_path, splits=few_digits, resume=True)
    error = capsys.readouterr().err
    assert (
        f"{tmp_path}: on from epoch 2, step 11; torch was 1.0 and is {torch.__version__}: the bits may differ" in error
    )


def test_a_finished_run_gives_its_result(
    whole: Path, staged: Recipe, few_digits: Splits, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    result = fit(staged, whole, splits=few_digits, resume=True)
    assert capsys.readouterr().err == f"{whole} is finished: nothing is left to train\n"
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == before
    _, _, info = load_checkpoint(whole)
    assert (result.best_epoch, result.held_out_accuracy) == (info["epoch"], info["held_out_accuracy"])
    assert result.test.accuracy == info["test_accuracy"]
    assert [row["epoch"] for row in result.curves] == [0, 1, 2, 3]
    assert result.checkpoint == whole / "model.pt"


CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("train", {"epochs": 3}, r"train\.epochs is 2 there and 3 now"),
    ("train", {"lr": 0.5, "seed": 3}, r"train\.lr is 0\.01 there and 0\.5 now, train\.seed is 0 there and 3 now"),
    ("model", {"width": 0.1}, r"model\.width is 0\.05 there and 0\.1 now"),
    ("model", {"inflation": 1}, r"model\.inflation is 'not there' there and 1 now"),
    ("stages", [{}], r"stages\.0\.optimizer"),
]


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(("section", "change", "message"), CHANGES)
def test_another_recipe(
    section: str, change: Any, message: str, finished: bool, staged: Recipe, few_digits: Splits, whole: Path
) -> None:
    if not finished:
        (whole / "model.pt").unlink()
    values = staged.model_dump()
    values[section] = values[section] | change if isinstance(change, dict) else change
    with pytest.raises(RunFolderError, match=message):
        fit(Recipe.model_validate(values), whole, splits=few_digits, quiet=True, resume=True)


def test_another_recipe_before_the_first_checkpoint(staged: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(to_toml(staged).replace("seed = 0", "seed = 1"))
    with pytest.raises(RunFolderError, match=r"train\.seed is 1 there and 0 now"):
        fit(staged, tmp_path, splits=few_digits, quiet=True, resume=True)


def test_other_data(staged: Recipe, few_digits: Splits, whole: Path) -> None:
    (whole / "model.pt").unlink()
    before = (whole / "last.pt").read_bytes()
    fewer = Splits(few_digits.train.subset(torch.arange(100)), few_digits.held_out, few_digits.test)
    with pytest.raises(RunFolderError, match=r"trains on 2\d\d images .* the data now has 100 .*"):
        fit(staged, whole, splits=fewer, quiet=True, resume=True)
    assert (whole / "last.pt").read_bytes() == before


def test_the_best_epochs_are_kept(
    staged: Recipe, few_digits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe.model_validate(staged.model_dump() | {"stages": [{"epochs": 1}, {"epochs": 5}]})
    result = fit(recipe, tmp_path / "whole", splits=few_digits, quiet=True, keep=2)
    last_stage = [row for row in result.curves if row["stage"] == 1]
    ranked = sorted(last_stage, key=lambda row: (row["held_out_accuracy"], row["epoch"]))[-2:]
    names = sorted(f"epoch-{row['epoch']:04}.pt" for row in ranked)
    assert sorted(path.name for path in (tmp_path / "whole").glob("epoch-*")) == names
    assert ranked[-1]["epoch"] == result.best_epoch
    for row in ranked:
        model, _, info = load_checkpoint(tmp_path / "whole" / f"epoch-{row['epoch']:04}.pt")
        assert (info["epoch"], info["held_out_accuracy"]) == (row["epoch"], row["held_out_accuracy"])
        assert evaluate(model, few_digits.held_out).accuracy == row["held_out_accuracy"]
    model, _, _ = load_checkpoint(tmp_path / "whole" / f"epoch-{result.best_epoch:04}.pt")
    assert differences(dict(model.state_dict()), dict(result.model.state_dict())) == []

    folder = tmp_path / "parts"
    monkeypatch.setitem(fit.__globals__, "Stopping", StopAfter(29))
    with pytest.raises(RunStopped):
        fit(recipe, folder, splits=few_digits, quiet=True, keep=2)
    # Killed between the checkpoint of an epoch and last.pt, after an epoch whose file was not removed yet.
    shutil.copy(tmp_path / "whole" / names[-1], folder / "epoch-0005.pt")
    shutil.copy(tmp_path / "whole" / names[-1], folder / "epoch-0000.pt")
    fit(recipe, folder, splits=few_digits, quiet=True, keep=2, resume=True)
    assert_equal_runs(tmp_path / "whole", folder)


def test_time_limit(whole: Path, staged: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    with pytest.raises(RunStopped, match="the time limit after step 1 of") as stopped:
        fit(staged, tmp_path / "limited", splits=few_digits, quiet=True, time_limit=1e-3)
    assert stopped.value.status == 75
    fit(staged, tmp_path / "limited", splits=few_digits, quiet=True, time_limit=600, resume=True)
    assert_equal_runs(whole, tmp_path / "limited")


def test_arguments_that_need_a_folder_or_a_range(staged: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    for arguments in ({"resume": True}, {"keep": 1}, {"time_limit": 5.0}):
        with pytest.raises(ValueError, match="are about the run folder, and there is none; give folder"):
            fit(staged, splits=few_digits, **arguments)
    for arguments in ({"keep": -1}, {"time_limit": 0.0}, {"checkpoint_every": -1.0}):
        with pytest.raises(ValueError, match="give 0 or more"):
            fit(staged, tmp_path, splits=few_digits, **arguments)


@pytest.fixture
def ctrl_c_counts() -> Iterator[None]:
    """Tests that a shell runs in the background inherit that Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_counts")
def test_signals_are_noted_and_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with Stopping(None, signals=True) as stopping:
        assert stopping.reason is None
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping.reason == "SIGTERM"
    with Stopping(None, signals=True) as stopping:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.reason == "Ctrl-C"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stopping(None, signals=True) as stopping:
            os.kill(os.getpid(), signal.SIGINT)
            assert stopping.reason is None
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread(whole: Path, staged: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=lambda: fit(staged, tmp_path / "thread", splits=few_digits, quiet=True))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert_equal_runs(whole, tmp_path / "thread")


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), (" 1d ", 86400)])
def test_times(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "h", "2 hours", "1h30m", "-5", "nan", "1e3", "²", "5M"])
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; give seconds, or a number with s, m, h or d"):
        seconds(text)


def test_the_state_is_plain(tmp_path: Path) -> None:
    row = {"epoch": 0, "held_out_accuracy": 0.5}
    state = RunState()
    state.add_batch(2.0, 3, 4)
    state.add_batch(2.0, 1, 2)
    assert (state.loss, state.right, state.seen, state.batch, state.step) == (4.0, 4, 6, 2, 2)
    torch.save(vars(state), tmp_path / "state")
    assert RunState(**torch.load(tmp_path / "state", weights_only=True)) == state
    state.end_epoch(row)
    state.end_stage()
    assert state == RunState(stage=1, epoch=1, step=2, curves=[row])
    assert json.loads(json.dumps(state.curves)) == [row]
