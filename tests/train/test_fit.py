"""Whole runs, seconds each."""

import dataclasses
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from signbit import models
from signbit.data import Dataset, Splits
from signbit.errors import RunFolderError
from signbit.layers import parameter_roles
from signbit.train import Recipe, TrainingError, evaluate, fit, load_checkpoint, load_recipe, schedule
from signbit.train.evaluate import Evaluation


def changed(recipe: Recipe, **sections: Any) -> Recipe:
    values = recipe.model_dump()
    for name, change in sections.items():
        values[name] = values[name] | change if isinstance(change, dict) else change
    return Recipe.model_validate(values)


def test_run_folder(tiny: Recipe, few_digits: Splits, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = fit(tiny, tmp_path / "run", splits=few_digits)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"recipe.toml", "versions.json", "curves.jsonl", "last.pt", "model.pt"}
    assert load_recipe(tmp_path / "run" / "recipe.toml") == tiny
    rows = [json.loads(line) for line in (tmp_path / "run" / "curves.jsonl").read_text().splitlines()]
    assert rows == result.curves
    assert [row["epoch"] for row in rows] == [0, 1]
    assert all(0 < row["flip_ratio"] < 1 for row in rows)
    assert 0 < rows[-1]["lr"] < rows[0]["lr"]
    versions = json.loads((tmp_path / "run" / "versions.json").read_text())
    assert versions["torch"] == torch.__version__
    assert capsys.readouterr().err.count("held out") == 2

    assert result.checkpoint == tmp_path / "run" / "model.pt"
    assert result.held_out_accuracy == max(row["held_out_accuracy"] for row in rows)
    assert rows[result.best_epoch]["held_out_accuracy"] == result.held_out_accuracy
    model, recipe, info = load_checkpoint(tmp_path / "run")
    assert recipe == tiny
    assert not model.training
    assert info["input_shape"] == [1, 8, 8]
    assert info["class_names"] == [str(digit) for digit in range(10)]
    assert info["epoch"] == result.best_epoch
    assert evaluate(model, few_digits.test).accuracy == result.test.accuracy == info["test_accuracy"]
    assert evaluate(model, few_digits.held_out).accuracy == result.held_out_accuracy

    with pytest.raises(RunFolderError, match="holds a run already"):
        fit(tiny, tmp_path / "run", splits=few_digits, quiet=True)


@pytest.mark.parametrize("part", ["train", "held_out", "test"])
def test_an_empty_part_is_told_first(part: str, tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    empty = getattr(few_digits, part).subset(torch.arange(0))
    with pytest.raises(ValueError, match="part is empty"):
        fit(tiny, tmp_path / "run", splits=dataclasses.replace(few_digits, **{part: empty}), quiet=True)
    assert not (tmp_path / "run").exists()


def test_same_seed_same_bits(tiny: Recipe, few_digits: Splits, capsys: pytest.CaptureFixture[str]) -> None:
    first = fit(tiny, splits=few_digits, quiet=True)
    torch.rand(7)  # what came before does not matter
    again = fit(tiny, splits=few_digits, quiet=True)
    other = fit(changed(tiny, train={"seed": 1}), splits=few_digits, quiet=True)
    for (name, a), b in zip(first.model.state_dict().items(), again.model.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert [row["loss"] for row in first.curves] == [row["loss"] for row in again.curves]
    assert [row["loss"] for row in first.curves] != [row["loss"] for row in other.curves]
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_it_learns(tiny: Recipe) -> None:
    recipe = changed(tiny, train={"epochs": 12, "clamp_latent": 0.25}, model={"width": 0.15})
    result = fit(recipe, quiet=True)
    print(f"test accuracy {result.test.accuracy:.3f}")
    assert result.test.accuracy > 0.8
    latent = [m.weight for m in result.model.modules() if getattr(m, "weight_binarizer", None) is not None]
    assert len(latent) == 8
    assert max(weight.abs().max().item() for weight in latent) == 0.25


def test_stages(tiny: Recipe, few_digits: Splits) -> None:
    stages = [{"weights": "real", "epochs": 1}, {"epochs": 1, "optimizer": "sgd", "loss": "squared_hinge"}]
    result = fit(changed(tiny, stages=stages), splits=few_digits, quiet=True)
    assert [row["stage"] for row in result.curves] == [0, 1]
    assert result.best_epoch == 1  # the first stage's model is not the one asked for
    assert all(
        m.weight_binarizer.mode == "binary" for m in result.model.modules() if getattr(m, "weight_binarizer", None)
    )


@pytest.mark.parametrize("stem", ["real", "binary"])
def test_other_models(stem: str, tiny: Recipe, few_digits: Splits) -> None:
    recipe = changed(
        tiny,
        model={"stem": stem, "norm": "batch", "head": "real", "weight_binarizer": "mean_abs_sign"},
        train={"epochs": 1},
    )
    result = fit(recipe, splits=few_digits, quiet=True)
    assert 0 <= result.test.accuracy <= 1


def test_real_valued_twin(tiny: Recipe, few_digits: Splits) -> None:
    result = fit(changed(tiny, model={"binary": False}, train={"epochs": 1}), splits=few_digits, quiet=True)
    assert result.curves[0]["flip_ratio"] == 0


def test_bfloat16(tiny: Recipe, few_digits: Splits) -> None:
    result = fit(changed(tiny, train={"precision": "bf16-mixed", "epochs": 1}), splits=few_digits, quiet=True)
    assert evaluate(result.model, few_digits.test).logits.dtype == torch.float32


def test_nan_weight_stops_with_the_step_and_the_layer(
    tiny: Recipe, few_digits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The next sign hides it: the loss and all gradients stay finite.
    calls = 0
    original = schedule.set_progress

    def poison(model: nn.Module, progress: float, epoch: int) -> None:
        nonlocal calls
        original(model, progress, epoch)
        calls += 1
        if calls == 4:
            with torch.no_grad():
                model.get_submodule("features.2").beta[0] = torch.nan

    monkeypatch.setitem(fit.__globals__, "set_progress", poison)
    with pytest.raises(TrainingError, match=r"step 3: not finite, first in the output of features\.2"):
        fit(tiny, splits=few_digits, quiet=True)


def test_exploding_loss_stops(tiny: Recipe, few_digits: Splits) -> None:
    recipe = changed(
        tiny, model={"binary": False, "head": "real", "stem": "real"}, train={"lr": 1e30, "optimizer": {"name": "sgd"}}
    )
    with pytest.raises(TrainingError, match=r"step \d+: not finite, first in"):
        fit(recipe, splits=few_digits, quiet=True)


def test_evaluate_refuses_nothing_to_do(few_digits: Splits) -> None:
    empty = few_digits.test.subset(torch.tensor([], dtype=torch.int64))
    with pytest.raises(ValueError, match="0 images in batches of 256; give at least one"):
        evaluate(nn.Linear(1, 1), empty)


def test_evaluate_keeps_the_mode_and_any_batch_size_agrees(tiny: Recipe, few_digits: Splits) -> None:
    model = fit(changed(tiny, train={"epochs": 1}), splits=few_digits, quiet=True).model
    model.train()
    one, many = (evaluate(model, few_digits.test, batch_size) for batch_size in (1, 100))
    assert model.training
    assert torch.equal(one.logits, many.logits)  # integers up to the logits' norm
    assert torch.equal(one.predictions, one.logits.argmax(1))


def begun(recipe: Recipe, folder: Path) -> nn.Module:
    """The model as its run began with it."""
    info = load_checkpoint(folder)[2]
    torch.manual_seed(recipe.train.seed)
    return models.create(info["model"]["name"], **info["model"]["arguments"])


# One step over all images at once, without momentum or decay: what a parameter moves by is lr times its gradient.
ONE_STEP = {
    "epochs": 1, "batch_size": 10_000, "lr": 0.5, "optimizer": {"name": "sgd", "momentum": 0.0}, "weight_decay": {},
    "schedule": "constant",
}  # fmt: skip


@pytest.mark.parametrize("by_role", [{}, {"norm": {"optimizer": {"name": "sgd", "momentum": 0.0}}}])
def test_a_step_is_clipped_unit_by_unit(by_role: Any, tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    """Every optimizer of the stage; without the clipping the steps are hundreds of times as long."""
    factor, lr = 1e-4, ONE_STEP["lr"]
    for name, clipping in (("clipped", factor), ("free", None)):
        recipe = changed(tiny, train=ONE_STEP | {"clip_adaptive": clipping, "by_role": by_role})
        model = fit(recipe, tmp_path / name, splits=few_digits, quiet=True).model
        roles, before = parameter_roles(model), dict(begun(recipe, tmp_path / name).named_parameters())
        longer = {}
        for path, parameter in model.named_parameters():
            if roles[path] == "head":
                continue
            old = before[path].detach().flatten(1) if parameter.dim() > 1 else before[path].detach()[None]
            moved = (parameter.detach().reshape(old.shape) - old).norm(dim=1)
            assert moved.any(), path
            allowed = lr * factor * old.norm(dim=1).clamp_min(1e-3)
            longer[path] = bool((moved > 1.01 * allowed + 1e-7).any())
        assert len(longer) > 8
        assert set(longer.values()) == {clipping is None}


def test_a_step_is_clipped_as_a_whole(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    norm, lr = 1e-3, ONE_STEP["lr"]
    for name, clipping in (("clipped", norm), ("free", None)):
        recipe = changed(tiny, train=ONE_STEP | {"clip_norm": clipping})
        model = fit(recipe, tmp_path / name, splits=few_digits, quiet=True).model
        before = begun(recipe, tmp_path / name).parameters()
        moved = torch.cat([(new - old).detach().flatten() for new, old in zip(model.parameters(), before, strict=True)])
        assert (moved.norm().item() == pytest.approx(lr * norm, rel=1e-2)) is (clipping is not None)


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [([0.5, 0.75, 0.75, 0.25], 2), ([0.5, 0.5, 0.5, 0.5], 3), ([0.75, 0.5, 0.5, 0.75], 3), ([0.0, 0.0, 0.0, 0.0], 3)],
)
def test_of_equal_epochs_the_later_wins(
    accuracies: list[float],
    best: int,
    tiny: Recipe,
    few_digits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For the result, its weights, model.pt and the epochs that are kept: the later has the lower rate."""
    left = iter(accuracies)

    def evaluation(model: nn.Module, part: Dataset) -> Evaluation:
        found = evaluate(model, part)
        return found._replace(accuracy=next(left)) if len(part) == len(few_digits.held_out) else found

    assert len(few_digits.held_out) != len(few_digits.test)
    monkeypatch.setattr(importlib.import_module("signbit.train.fit"), "evaluate", evaluation)
    result = fit(changed(tiny, train={"epochs": 4}), tmp_path, splits=few_digits, quiet=True, keep=1)
    assert (result.best_epoch, result.held_out_accuracy) == (best, accuracies[best])
    assert [path.name for path in tmp_path.glob("epoch-*.pt")] == [f"epoch-{best:04}.pt"]
    model, _, info = load_checkpoint(tmp_path)
    assert (info["epoch"], info["held_out_accuracy"]) == (best, accuracies[best])
    kept = load_checkpoint(tmp_path / f"epoch-{best:04}.pt")[0].state_dict()
    for state in (model.state_dict(), result.model.state_dict()):
        assert all(torch.equal(value, kept[name]) for name, value in state.items())
