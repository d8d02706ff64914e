"""A finished run as one JSON file, for tables, figures and claims."""

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

import torch

from signbit.data.dataset import Splits
from signbit.errors import RunFolderError, SignbitError
from signbit.timing import machine
from signbit.train import checkpoint
from signbit.train.recipe import Recipe, check_recipe
from signbit.train.resume import recipe_changes
from signbit.train.run_folder import VERSIONS_FILE, read_curves
from signbit.train.whole_file import whole_file

FORMAT = 1
Result = dict[str, Any]


class ResultError(SignbitError):
    """A file is not a result, or a folder holds no finished run; the message names it."""


def result_of(folder: str | Path, name: str, *, splits: Splits | None = None, activations: bool = False) -> Result:
    """What a finished run has shown, in plain values.

    Args:
        name: of the experiment; runs that differ in their seed alone have the same.
        splits: the data of the run; without it the numbers of held-out and test images are None.
        activations: keep the histograms that a recipe with `[record] activations` made of each epoch. Without them
            the mean of the signs of each layer is kept.

    Raises:
        CheckpointError: the run is not finished, or its files cannot be read.
        RunFolderError: `splits` are not the data of the run.
    """
    folder = Path(folder)
    content = checkpoint.read(folder / checkpoint.MODEL_FILE)
    recipe, info = content["recipe"], content["info"]
    versions = json.loads((folder / VERSIONS_FILE).read_text(encoding="utf-8"))
    curves = read_curves(folder)
    curves = [_row(row, activations) for row in curves]
    return {
        "signbit_result": FORMAT,
        "name": name,
        "seed": recipe["train"]["seed"],
        "recipe": _given(recipe),
        "model": info["model"],
        "code": {"signbit": versions.pop("signbit"), "commits": versions.pop("commits", None)},
        "images": _images(info, splits, folder),
        "classes": len(info["class_names"]),
        "best": _at(curves, info["epoch"], info, "test"),
        "final": _at(curves, curves[-1]["epoch"], info, "final_test"),
        "precision": recipe["train"]["precision"],
        "threads": versions.pop("threads"),
        "hardware": _hardware(versions, recipe["train"]["accelerator"]),
        "versions": versions,
        "seconds": round(sum(row["seconds"] for row in curves), 1),
        "curves": curves,
    }


def without_seed(folder_name: str) -> str:
    """The name of an experiment whose run folder is called NAME-seedN, or what else the folder is called."""
    return re.sub(r"-seed\d+$", "", folder_name) or folder_name


def check_same_experiment(path: Path, recipe: Recipe) -> None:
    """See that a result file, where it is there already, is of this recipe.

    Raises:
        RunFolderError: it is of another one; the message names what differs.
    """
    if path.exists():
        changes = recipe_changes(check_recipe(read_result(path)["recipe"], str(path)), recipe)
        if changes:
            raise RunFolderError(
                f"{path} is the result of another recipe: {', '.join(changes)}; give this one another name"
            )


def write_result(result: Result, path: str | Path) -> None:
    """Write it whole or not at all, one line for each epoch.

    Raises:
        RunFolderError: it cannot be written.
    """
    rows = ",\n    ".join(json.dumps(_rounded(row), separators=(",", ":")) for row in result["curves"])
    head = json.dumps({key: value for key, value in result.items() if key != "curves"}, indent=2)
    with whole_file(Path(path)) as file:
        file.write(f'{head[:-2]},\n  "curves": [\n    {rows}\n  ]\n}}\n'.encode())


def read_result(path: str | Path) -> Result:
    """The result in a JSON file, or that of a finished run's folder, named after the folder.

    Raises:
        ResultError: the file is missing or is no result.
        CheckpointError: the folder holds no finished run.
    """
    path = Path(path)
    if path.is_dir():
        return result_of(path, path.name, activations=True)
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read as a result: {error}") from error
    if not isinstance(result, dict) or result.get("signbit_result") != FORMAT:
        raise ResultError(
            f"{path} is no result of signbit, version {FORMAT}; `signbit queue` and `signbit result` write them"
        )
    return result


def read_results(folder: str | Path) -> list[Result]:
    """All results in a folder, by name and seed.

    Raises:
        ResultError: there is no such folder, or a JSON file in it is no result.
    """
    if not Path(folder).is_dir():
        raise ResultError(f"{folder}: no such folder; `signbit queue` writes results")
    results = [read_result(path) for path in Path(folder).glob("*.json")]
    return sorted(results, key=lambda result: (result["name"], result["seed"]))


def _row(row: dict[str, Any], activations: bool) -> dict[str, Any]:
    """A line of the curves; of the histograms the means of the signs always stay."""
    if "activations" not in row:
        return row
    found = row if activations else {key: value for key, value in row.items() if key != "activations"}
    means = {entry["layer"]: entry["sign_mean"] for entry in row["activations"] if "sign_mean" in entry}
    return found | {"sign_means": {layer: float(f"{mean:.5g}") for layer, mean in means.items()}}


def _at(curves: list[dict[str, Any]], epoch: int, info: dict[str, Any], test: str) -> dict[str, Any]:
    """The figures of an epoch, of which the model read the test set."""
    row = next(row for row in curves if row["epoch"] == epoch)
    return {
        "epoch": epoch,
        "held_out_accuracy": row["held_out_accuracy"],
        "held_out_top5_accuracy": row.get("held_out_top5_accuracy"),
        "test_accuracy": info.get(f"{test}_accuracy"),
        "test_top5_accuracy": info.get(f"{test}_top5_accuracy"),
    }


def _images(info: dict[str, Any], splits: Splits | None, folder: Path) -> dict[str, int | None]:
    train = info["training_labels"]["count"]
    if splits is None:
        return {"train": train, "held_out": None, "test": None}
    if len(splits.train) != train:
        raise RunFolderError(f"{folder} trained on {train} images, and the data now has {len(splits.train)}")
    return {"train": train, "held_out": len(splits.held_out), "test": len(splits.test)}


def _hardware(versions: dict[str, Any], accelerator: str) -> dict[str, Any]:
    """The machine of the run; what its folder does not say is taken from here, where here is the same system."""
    here = versions["system"] == platform.platform()
    gpu = here and accelerator != "cpu" and torch.cuda.is_available()
    return {
        "accelerator": torch.cuda.get_device_name() if gpu else None,
        "processor": machine()["processor"] if here else None,
        "cores": os.cpu_count() if here else None,
        "machine": versions.pop("machine"),
        "system": versions.pop("system"),
    }


def _given(value: Any) -> Any:
    """Plain values without the keys that a recipe leaves open."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Six digits tell one image of a million."""
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in row.items()}
