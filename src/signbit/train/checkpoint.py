"""Checkpoints: complete, written whole or not at all, readable without running what is in them."""

import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from signbit import models
from signbit.errors import SignbitError
from signbit.layers.modes import modes_of, put_modes, set_modes
from signbit.train.recipe import Recipe, check_recipe
from signbit.train.sections import StageSection
from signbit.train.whole_file import whole_file

FORMAT = 1
MODEL_FILE = "model.pt"


class CheckpointError(SignbitError):
    """A file is not a checkpoint of ours; the message names it."""


def save(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint whole, or leave what is there.

    Raises:
        RunFolderError: it cannot be written, such as on a full disk.
    """
    with whole_file(path) as file:
        torch.save(content, file)


def random_states() -> dict[str, Any]:
    """States of the global random generators that training may draw from."""
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
    }


def set_random_states(states: dict[str, Any]) -> None:
    """Put the generators of `random_states` where they were; of the CUDA devices, those that are here too."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    for device, state in zip(range(torch.cuda.device_count()), states["cuda"], strict=False):
        torch.cuda.set_rng_state(state, device)


def model_content(model: nn.Module, recipe: Recipe, info: dict[str, Any]) -> dict[str, Any]:
    """The content of a model's checkpoint; `info["model"]` holds the model's name and all its arguments.

    The modes of its signs are not tensors, so they are kept in the info, by module path.
    """
    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    info = info | {"modes": modes_of(model)}
    return {"signbit_checkpoint": FORMAT, "model": state, "recipe": recipe.model_dump(), "info": info}


def load_checkpoint(path: str | Path) -> tuple[nn.Module, Recipe, dict[str, Any]]:
    """Read a checkpoint, or the `model.pt` of a run folder: (model in eval mode on the CPU, recipe, info).

    `info` has `model` (name and arguments), `modes` (of its signs, by module path), `class_names`, `input_shape`
    (C, H, W), `preprocessing` (the arguments of `signbit.preprocessing.Preprocessing`), `epoch`, `held_out_accuracy`,
    in a finished run the test accuracies of that epoch and of the final one, and `versions`. An older checkpoint may
    have no `modes` (its recipe gives them) or no `preprocessing`. No code in the file is executed.

    Raises:
        CheckpointError: the file is missing, or not a checkpoint, or its model differs in this version.
        RecipeError: its recipe is not valid in this version.
    """
    path = Path(path)
    path = path / MODEL_FILE if path.is_dir() else path
    content = read(path)
    info: dict[str, Any] = content["info"]
    model = rebuilt(info, content["model"], str(path))
    recipe = check_recipe(content["recipe"], str(path))
    restore_modes(model, info, recipe.stages[content["run"]["stage"] if "run" in content else -1], str(path))
    return model.eval(), recipe, info


def restore_modes(model: nn.Module, info: dict[str, Any], stage: StageSection, origin: str) -> None:
    """Set the modes of the signs that the file at `origin` keeps; an older file has those of its stage.

    Raises:
        CheckpointError: the modes are those of another model.
    """
    if "modes" not in info:
        set_modes(model, stage.activations, stage.weights)
        return
    try:
        put_modes(model, info["modes"])
    except ValueError as error:
        raise misfit(origin, error, info) from error


def rebuilt(info: dict[str, Any], state: Mapping[str, Tensor], origin: str) -> nn.Module:
    """The model that the file at `origin` describes, except for the modes of its signs.

    Raises:
        CheckpointError: the model differs in this version.
    """
    try:
        model = models.create(info["model"]["name"], **info["model"]["arguments"])
        model.load_state_dict(dict(state), strict=True)
    except (RuntimeError, TypeError, ValueError) as error:
        raise misfit(origin, error, info) from error
    return model


def misfit(origin: str, error: Exception, info: dict[str, Any]) -> CheckpointError:
    """The error that says what does not fit, and which versions wrote it."""
    versions = ", ".join(f"{name} {version}" for name, version in info["versions"].items())
    return CheckpointError(f"{origin} does not fit its model: {error}; it was written by {versions}")


def read(path: Path) -> dict[str, Any]:
    """The plain values and tensors in a checkpoint, on the CPU; nothing in the file is run.

    Raises:
        CheckpointError: the file is missing, was cut or changed after it was written, or is not a checkpoint.
    """
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()  # torch does not look at the checksums it writes
        if damaged is not None:
            raise CheckpointError(f"{path} cannot be read as a checkpoint: the checksum of {damaged} is wrong")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such file; give a checkpoint or the folder of a finished run") from error
    except CheckpointError:
        raise
    except Exception as error:  # zipfile and torch raise whatever their zip and pickle readers meet
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {error}") from error
    if not isinstance(content, dict) or content.get("signbit_checkpoint") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint of signbit, version {FORMAT}; `signbit train` writes them")
    return content
