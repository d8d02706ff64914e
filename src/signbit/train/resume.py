"""Going on with a run: what a checkpoint holds for it, what is checked first, and how it comes back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from signbit.data.augment import Augment
from signbit.errors import RunFolderError
from signbit.train import checkpoint
from signbit.train.checkpoint import CheckpointError
from signbit.train.recipe import Recipe, check_recipe, load_recipe
from signbit.train.run_folder import LAST_FILE, RECIPE_FILE, kept_epochs
from signbit.train.run_state import RunState


def going_on(state: RunState, optimizers: Sequence[Optimizer], augment: Augment) -> dict[str, Any]:
    """What a checkpoint holds beside the model, for `restore`."""
    random = checkpoint.random_states() | {"augment": augment.generator.get_state()}
    return {"run": vars(state).copy(), "optimizers": [o.state_dict() for o in optimizers], "random": random}


def restore(content: dict[str, Any], model: nn.Module, optimizers: Sequence[Optimizer], augment: Augment) -> None:
    """Put the model, the optimizers and the random generators where they were, in place.

    Called when the stage is set up and before its first batch: what setting up draws was drawn before.

    Raises:
        CheckpointError: the model or an optimizer of this version is another one.
    """
    try:
        model.load_state_dict(content["model"], strict=True)
        for optimizer, values in zip(optimizers, content["optimizers"], strict=True):
            optimizer.load_state_dict(values)
    except (KeyError, RuntimeError, ValueError) as error:
        raise checkpoint.misfit("the checkpoint", error, content["info"]) from error
    augment.generator.set_state(content["random"]["augment"])
    checkpoint.set_random_states(content["random"])


def read_last(folder: Path, recipe: Recipe, info: dict[str, Any]) -> dict[str, Any] | None:
    """The content of the folder's last checkpoint, or None where a run was killed before its first or never begun.

    Raises:
        CheckpointError: it was cut or changed after it was written; the message says what else is there.
        RunFolderError: the recipe or the training images are not those of the run; the message names what differs.
    """
    path = folder / LAST_FILE
    if not path.exists():
        if (folder / RECIPE_FILE).exists():
            check_same_recipe(load_recipe(folder / RECIPE_FILE), recipe, folder)
        return None
    try:
        content = checkpoint.read(path)
    except CheckpointError as error:
        raise CheckpointError(f"{error}; {_left(folder)}") from error
    if "run" not in content:
        raise CheckpointError(f"{path} holds a model, but no run to go on with; {_left(folder)}")
    check_same_recipe(check_recipe(content["recipe"], str(path)), recipe, folder)
    before, now = content["info"]["training_labels"], info["training_labels"]
    if before != now:
        raise RunFolderError(
            f"{folder} trains on {before['count']} images with labels of CRC-32 {before['crc32']:08x}, and the data "
            f"now has {now['count']} with {now['crc32']:08x}; give it the data it began with, or name another folder"
        )
    return content


def run_state(content: dict[str, Any], device: torch.device) -> RunState:
    """How far the run was."""
    state = RunState(**content["run"])
    state.signs = {name: signs.to(device) for name, signs in state.signs.items()}
    return state


def check_same_recipe(before: Recipe, now: Recipe, folder: Path) -> None:
    """A run has one recipe: even more epochs would be another learning rate from the first step on.

    Raises:
        RunFolderError: they differ; the message names each key.
    """
    changes = recipe_changes(before, now)
    if changes:
        raise RunFolderError(
            f"{folder} holds a run by another recipe: {', '.join(changes)}; go on with its own, "
            f"{folder / RECIPE_FILE}, or name another folder"
        )


def recipe_changes(before: Recipe, now: Recipe) -> list[str]:
    """A few words on each key that differs."""
    old, new = _flat(before.model_dump()), _flat(now.model_dump())
    return [
        f"{key} is {old.get(key, 'not there')!r} there and {new.get(key, 'not there')!r} now"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def where(content: dict[str, Any] | None, info: dict[str, Any], folder: Path) -> str:
    """A line about where a run goes on."""
    if content is None:
        return f"{folder} has no checkpoint: from the beginning"
    run, before, now = content["run"], content["info"]["versions"], info["versions"]
    text = f"{folder}: on from epoch {run['epoch'] + 1}, step {run['step']}"
    other = [f"{name} was {before.get(name)} and is {now[name]}" for name in now if before.get(name) != now[name]]
    return text + (f"; {', '.join(other)}: the bits may differ from a run without a break" if other else "")


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Plain values by dotted key: `stages.0.lr`."""
    if isinstance(value, dict) and value:
        items = value.items()
    elif isinstance(value, list) and value:
        items = dict(enumerate(value)).items()
    else:
        return {key: value}
    return {path: leaf for name, item in items for path, leaf in _flat(item, f"{key}.{name}".lstrip(".")).items()}


def _left(folder: Path) -> str:
    """What there still is when the last checkpoint is not readable."""
    kept = ", ".join(path.name for path in kept_epochs(folder).values())
    models = f"beside it there are {kept}, to evaluate and convert; " if kept else ""
    return f"{models}put a copy of {LAST_FILE} back, or train again in another folder"
