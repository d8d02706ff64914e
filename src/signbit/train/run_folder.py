"""What a run writes beside its checkpoints, and what it knows about itself."""

import dataclasses
import inspect
import json
import platform
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import signbit
from signbit import models
from signbit.data.dataset import Dataset
from signbit.errors import SignbitError
from signbit.file_listing import import_named
from signbit.train.recipe import Recipe
from signbit.train.recipe_file import to_toml


class RunFolderError(SignbitError):
    """A run folder cannot be used; the message names it."""


def model_arguments(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """All arguments of the recipe's model: its own, what the data set knows, and the defaults of today.

    Written out in full, so that a checkpoint builds the same model after a default has changed.
    """
    module = import_named(models.__name__, str(models.__file__), recipe.model.name)
    signature = inspect.signature(getattr(module, recipe.model.name))
    known = {
        "num_classes": len(dataset.class_names),
        "in_channels": dataset.images.shape[1],
        "image_size": dataset.images.shape[2],
        "mean": list(dataset.mean),
        "std": list(dataset.std),
    }
    defaults = {name: p.default for name, p in signature.parameters.items() if p.default is not p.empty}
    known = {name: value for name, value in known.items() if name in signature.parameters}
    return defaults | known | recipe.model.arguments


def run_info(recipe: Recipe, arguments: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """What a checkpoint says about its model, in plain values."""
    return {
        "model": {"name": recipe.model.name, "arguments": arguments},
        "class_names": list(dataset.class_names),
        "input_shape": list(dataset.images.shape[1:]),
        "preprocessing": dataclasses.asdict(dataset.preprocessing),
        "versions": {
            "signbit": signbit.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
    }


def start_run_folder(folder: Path, recipe: Recipe, info: dict[str, Any]) -> None:
    """Make the folder, with recipe.toml and versions.json in it.

    Raises:
        RunFolderError: another run is in it already; nothing is overwritten.
    """
    if (folder / "curves.jsonl").exists():
        raise RunFolderError(f"{folder} holds a run already; name another folder, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
    machine = {"machine": platform.machine(), "system": platform.platform(), "threads": torch.get_num_threads()}
    (folder / "versions.json").write_text(json.dumps(info["versions"] | machine, indent=2) + "\n", encoding="utf-8")


def append_curve(folder: Path, row: dict[str, Any]) -> None:
    """Add one epoch to curves.jsonl."""
    with (folder / "curves.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def copy_state(model: nn.Module) -> dict[str, Tensor]:
    """The model's state as it is now, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
