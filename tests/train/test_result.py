"""A finished run as one JSON file, and its model as a small one."""

import json
from pathlib import Path

import pytest
import torch

from signbit.data import Splits
from signbit.errors import RunFolderError
from signbit.train import Recipe, fit, load_checkpoint
from signbit.train.checkpoint import CheckpointError
from signbit.train.code_version import PACKAGE, commit
from signbit.train.result import (
    ResultError,
    check_same_experiment,
    read_result,
    read_results,
    result_of,
    without_seed,
    write_result,
)
from signbit.train.stored_model import load_stored_model, store_model


@pytest.fixture(scope="module")
def run(few_digits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run whose epochs have histograms."""
    from conftest import TINY  # the fixture of the recipe lasts for one test only

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    fit(Recipe.model_validate(TINY | {"record": {"activations": 8}}), folder, splits=few_digits, quiet=True)
    return folder


def test_a_result_says_what_was_run(run: Path, few_digits: Splits) -> None:
    result = result_of(run, "tiny", splits=few_digits)
    _, _, info = load_checkpoint(run)
    assert (result["name"], result["seed"], result["precision"]) == ("tiny", 0, "32-true")
    assert result["images"] == {
        "train": len(few_digits.train), "held_out": len(few_digits.held_out), "test": len(few_digits.test)
    }  # fmt: skip
    assert len(result["curves"]) == 2
    assert result["best"]["epoch"] == info["epoch"]
    assert result["best"]["test_accuracy"] == info["test_accuracy"]
    assert result["best"]["held_out_accuracy"] == max(row["held_out_accuracy"] for row in result["curves"])
    assert result["final"]["epoch"] == 1
    assert result["final"]["test_top5_accuracy"] == info["final_test_top5_accuracy"]
    assert result["code"] == {"signbit": info["versions"]["signbit"], "commits": [commit()]}
    assert result["versions"]["torch"] == info["versions"]["torch"]
    assert result["hardware"]["processor"]
    assert result["seconds"] == pytest.approx(sum(row["seconds"] for row in result["curves"]), abs=0.1)


def test_a_result_of_another_recipe_is_not_replaced(run: Path, tmp_path: Path) -> None:
    path, recipe = tmp_path / "tiny-seed0.json", load_checkpoint(run)[1]
    check_same_experiment(path, recipe)  # there is none
    write_result(result_of(run, "tiny"), path)
    check_same_experiment(path, recipe)
    other = Recipe.model_validate(recipe.model_dump() | {"augment": {"flip": True}})
    with pytest.raises(RunFolderError, match=r"augment\.flip is False there and True now; give this one another name"):
        check_same_experiment(path, other)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("binarynet-bn-seed0", "binarynet-bn"), ("mine", "mine"), ("a-seedling", "a-seedling"), ("-seed0", "-seed0")],
)
def test_the_name_of_a_run_is_that_of_its_folder(folder: str, name: str) -> None:
    assert without_seed(folder) == name


def test_histograms_are_kept_where_asked(run: Path) -> None:
    assert all("activations" not in row for row in result_of(run, "tiny")["curves"])
    assert all(row["activations"] for row in result_of(run, "tiny", activations=True)["curves"])


def test_it_comes_back_from_its_file(run: Path, few_digits: Splits, tmp_path: Path) -> None:
    result = result_of(run, "tiny", splits=few_digits, activations=True)
    write_result(result, tmp_path / "tiny-seed0.json")
    read = read_result(tmp_path / "tiny-seed0.json")
    assert {key: read[key] for key in read if key != "curves"} == {
        key: result[key] for key in result if key != "curves"
    }
    assert [row["held_out_accuracy"] for row in read["curves"]] == [
        pytest.approx(row["held_out_accuracy"], rel=1e-5) for row in result["curves"]
    ]
    assert Recipe.model_validate(read["recipe"]) == load_checkpoint(run)[1]
    assert [found["name"] for found in read_results(tmp_path)] == ["tiny"]
    assert read_result(run)["name"] == "tiny"


def test_what_is_no_result(run: Path, few_digits: Splits, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    for path, message in ((tmp_path / "a.json", "is no result"), (tmp_path / "b.json", "cannot be read")):
        with pytest.raises(ResultError, match=message):
            read_result(path)
    with pytest.raises(ResultError, match="no such folder"):
        read_results(tmp_path / "none")
    with pytest.raises(CheckpointError, match="no such file"):
        read_result(tmp_path)
    other = Splits(few_digits.test, few_digits.held_out, few_digits.test)
    with pytest.raises(RunFolderError, match="trained on"):
        result_of(run, "tiny", splits=other)


def test_a_run_of_before_commits_were_noted(run: Path, tmp_path: Path) -> None:
    for name in ("model.pt", "curves.jsonl"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    versions = json.loads((run / "versions.json").read_text())
    versions.pop("commits")
    (tmp_path / "versions.json").write_text(json.dumps(versions | {"system": "another"}))
    result = result_of(tmp_path, "tiny")
    assert result["code"]["commits"] is None
    assert result["hardware"]["processor"] is None  # of this machine nothing is known to be that of the run


def test_the_commit_is_that_of_the_checkout() -> None:
    if not (PACKAGE.parent.parent / ".git").exists():
        pytest.skip("the package stands in no checkout")
    found = commit()
    assert found is not None
    assert len(found.partition(" ")[0]) == 40
    assert found.partition(" ")[2] in ("", "and changes")


def test_a_stored_model_gives_the_same(run: Path, few_digits: Splits, tmp_path: Path) -> None:
    path = tmp_path / "models/tiny.safetensors"
    store_model(run, path)
    model, recipe, info = load_checkpoint(run)
    stored, same_recipe, same_info = load_stored_model(path)
    assert torch.equal(model(few_digits.test.images), stored(few_digits.test.images))
    assert (recipe, info["test_accuracy"]) == (same_recipe, same_info["test_accuracy"])
    assert path.stat().st_size < (run / "model.pt").stat().st_size / 4


def test_scales_are_stored_too(few_digits: Splits, tmp_path: Path) -> None:
    from conftest import TINY

    scaled = Recipe.model_validate(TINY | {"model": TINY["model"] | {"weight_binarizer": "mean_abs_sign"}})
    fit(scaled, tmp_path / "run", splits=few_digits, quiet=True)
    store_model(tmp_path / "run", tmp_path / "scaled.safetensors")
    images = few_digits.test.images[:50]
    with torch.no_grad():
        logits = load_checkpoint(tmp_path / "run")[0](images)
        torch.testing.assert_close(load_stored_model(tmp_path / "scaled.safetensors")[0](images), logits)


def test_what_signs_do_not_make_again_is_refused(few_digits: Splits, tmp_path: Path) -> None:
    from conftest import TINY

    model = TINY["model"] | {"weight_binarizer": "standardized_mean_abs_sign"}
    fit(Recipe.model_validate(TINY | {"model": model}), tmp_path / "run", splits=few_digits, quiet=True)
    (tmp_path / "other.safetensors").write_bytes(b"of before")
    with pytest.raises(ValueError, match=r"weights of features\.0 do not make the same layer: keep a checkpoint"):
        store_model(tmp_path / "run", tmp_path / "other.safetensors")
    assert (tmp_path / "other.safetensors").read_bytes() == b"of before"


def test_what_is_no_stored_model(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_text("a text")
    for name, message in (("a", "cannot be read as a stored model"), ("b", "no such file; store the model")):
        with pytest.raises(CheckpointError, match=message):
            load_stored_model(tmp_path / f"{name}.safetensors")
