"""Checkpoints: complete, atomic, and nothing in them is run."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from signbit.data import Dataset, Splits
from signbit.errors import RunFolderError, SignbitError
from signbit.layers.modes import modes_of
from signbit.preprocessing import Preprocessing
from signbit.train import Recipe, checkpoint, evaluate, fit, load_checkpoint
from signbit.train.checkpoint import CheckpointError
from signbit.train.run_state import RunState
from signbit.train.stored_model import load_stored_model, store_model


def test_last_checkpoint_holds_all_that_going_on_needs(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    fit(tiny, tmp_path, splits=few_digits, quiet=True)
    content = torch.load(tmp_path / "last.pt", weights_only=True)
    assert set(content) == {
        "signbit_checkpoint", "model", "recipe", "info", "optimizers", "run", "random",
    }  # fmt: skip
    state = RunState(**content["run"])
    assert (state.stage, state.stage_epoch, state.epoch, state.batch) == (0, 2, 2, 0)
    assert state.step == len(few_digits.train) // 32 * 2
    assert [row["epoch"] for row in state.curves] == [0, 1]
    assert set(content["random"]) == {"torch", "cuda", "python", "augment"}
    assert len(content["optimizers"][0]["state"]) == len(
        [key for key in content["model"] if key.endswith(("weight", "beta"))]
    )
    assert Recipe.model_validate(content["recipe"]) == tiny
    model, _, _ = load_checkpoint(tmp_path / "last.pt")
    for name, value in model.state_dict().items():
        assert torch.equal(value, content["model"][name])


def test_modes_of_the_last_stage_come_back(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    values = tiny.model_dump() | {"stages": [{"activations": "binary", "weights": "real", "epochs": 1}]}
    result = fit(Recipe.model_validate(values), tmp_path, splits=few_digits, quiet=True)
    model, _, info = load_checkpoint(tmp_path)
    assert evaluate(model, few_digits.test).accuracy == info["test_accuracy"] == result.test.accuracy
    layers = [m for m in model.modules() if getattr(m, "input_binarizer", None) is not None]
    assert {(m.input_binarizer.mode, m.weight_binarizer.mode) for m in layers} == {("binary", "real")}


def test_modes_are_those_that_were_saved(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    """They are state: the recipe has no say, but for a checkpoint from before they were kept."""
    values = tiny.model_dump() | {"stages": [{"activations": "real", "weights": "binary", "epochs": 1}]}
    result = fit(Recipe.model_validate(values), tmp_path, splits=few_digits, quiet=True, keep=1)
    saved = modes_of(result.model)
    assert set(saved.values()) == {"real", "binary"}
    paths = [tmp_path / name for name in ("model.pt", "last.pt", "epoch-0000.pt")]
    for path in paths:
        model, _, info = load_checkpoint(path)
        assert modes_of(model) == info["modes"] == saved
    store_model(tmp_path, tmp_path / "small.safetensors")
    assert modes_of(load_stored_model(tmp_path / "small.safetensors")[0]) == saved

    content = torch.load(tmp_path / "model.pt", weights_only=True)
    content["recipe"]["stages"][-1] |= {"activations": "binary", "weights": "real"}
    checkpoint.save(content, tmp_path / "changed.pt")
    assert modes_of(load_checkpoint(tmp_path / "changed.pt")[0]) == saved
    del content["info"]["modes"]
    checkpoint.save(content, tmp_path / "old.pt")
    assert set(modes_of(load_checkpoint(tmp_path / "old.pt")[0]).items()) != set(saved.items())


@pytest.mark.parametrize("change", [{"nowhere": "binary"}, {"layers.1.input_binarizer": "fuzzy"}])
def test_modes_of_another_model_are_told(
    tiny: Recipe, few_digits: Splits, tmp_path: Path, change: dict[str, str]
) -> None:
    fit(tiny, tmp_path, splits=few_digits, quiet=True)
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    content["info"]["modes"] |= change
    checkpoint.save(content, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"other\.pt does not fit its model: .*written by signbit"):
        load_checkpoint(tmp_path / "other.pt")


def test_a_model_of_another_version_is_told(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    fit(tiny, tmp_path, splits=few_digits, quiet=True)
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    torch.save(content | {"model": {"old": torch.zeros(1)}}, tmp_path / "names.pt")
    content["info"]["model"]["arguments"]["depth"] = 9
    torch.save(content, tmp_path / "arguments.pt")
    for name in ("names", "arguments"):
        with pytest.raises(CheckpointError, match=rf"(?s){name}\.pt does not fit its model.*written by signbit"):
            load_checkpoint(tmp_path / f"{name}.pt")


def test_how_photos_become_pixels_is_in_the_checkpoint(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    def scaled(part: Dataset) -> Dataset:
        return dataclasses.replace(part, preprocessing=Preprocessing(resize=9, filter="bilinear"))

    splits = Splits(scaled(few_digits.train), few_digits.held_out, few_digits.test)
    fit(tiny, tmp_path, splits=splits, quiet=True)
    _, _, info = load_checkpoint(tmp_path)
    assert info["preprocessing"] == {"resize": 9, "filter": "bilinear"}
    assert Preprocessing(**info["preprocessing"]) == splits.train.preprocessing

    content = torch.load(tmp_path / "model.pt", weights_only=True)
    del content["info"]["preprocessing"]  # as it was before
    checkpoint.save(content, tmp_path / "old.pt")
    _, _, info = load_checkpoint(tmp_path / "old.pt")
    assert "preprocessing" not in info


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.pt"
    checkpoint.save({"number": 1}, path)

    def half(content: Any, file: Any) -> None:
        file.write(b"half of it")
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", half)
        with pytest.raises(RunFolderError, match=r"last\.pt cannot be written: disk full; .*untouched"):
            checkpoint.save({"number": 2}, path)
    assert torch.load(path, weights_only=True) == {"number": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]
    checkpoint.save({"number": 2}, path)
    assert torch.load(path, weights_only=True) == {"number": 2}


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this code must not run",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; give a checkpoint or the folder of a finished run"),
        (b"not it", "cannot be read as a checkpoint"),
        ({"state_dict": {}}, "is not a checkpoint of signbit, version 1"),
        ([1, 2], "is not a checkpoint of signbit"),
        (Malicious(), "cannot be read as a checkpoint"),
    ],
)
def test_wrong_files(content: Any, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(SignbitError, match=message):
        load_checkpoint(path)
    assert capsys.readouterr().out == ""
