"""Weights from elsewhere: what a stage begins with, and the networks that teach it. All loading is strict."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from signbit import models
from signbit.layers.modes import set_modes
from signbit.layers.pixels import Normalize
from signbit.layers.roles import parameter_roles
from signbit.train.checkpoint import CheckpointError, load_checkpoint
from signbit.train.nonfinite import TrainingError
from signbit.train.sections import StageSection, StartSection, TeacherSection


def begin_stage(model: nn.Module, start: StartSection | str, best: Mapping[str, Tensor] | None) -> None:
    """Put the weights that a stage begins with into the model, in place, and see that their signs are in it.

    Args:
        start: `last` leaves the model as it is, `best` takes the best epoch of the stage before, a section takes a
            checkpoint.
        best: state of the best epoch of the stage before; None in the first stage.

    Raises:
        CheckpointError: the names or shapes are not the model's; nothing was loaded.
        TrainingError: a sign of a latent weight is not the one that was loaded.
    """
    if isinstance(start, StartSection):
        other, _, _ = load_checkpoint(start.checkpoint)
        state: Mapping[str, Tensor] | None = renamed(other.state_dict(), start.rename)
        origin = start.checkpoint
    else:
        state, origin = (best if start == "best" else None), "the stage before"
    if state is not None:
        load_strictly(model, state, origin)
        check_signs(model, state)


def load_strictly(model: nn.Module, state: Mapping[str, Tensor], origin: str) -> None:
    """Load a state name for name; a name that is missing or left over, or another shape, is an error.

    Raises:
        CheckpointError: see above; the message names what does not fit.
    """
    try:
        model.load_state_dict(dict(state), strict=True)
    except RuntimeError as error:
        lines = "; ".join(line.strip() for line in str(error).splitlines()[1:])
        advice = "give arguments of its own shapes" if "size mismatch" in lines else "give rename"
        raise CheckpointError(f"{origin} does not fit {type(model).__name__}: {lines}; {advice}") from error


def check_signs(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """See that every latent weight of the model has the sign it has in the state.

    Published code loads the second step without this, and silently trains on weights that were never loaded.

    Raises:
        TrainingError: it has not; the message says how many agree.
    """
    roles = parameter_roles(model)
    for name, weight in model.named_parameters():
        if roles[name] != "latent_weight":
            continue
        agree = ((weight.cpu() >= 0) == (state[name].cpu() >= 0)).double().mean().item() if name in state else 0.0
        if agree < 1:
            raise TrainingError(f"{name}: {100 * agree:.2f} % of its signs are those that were loaded; all should be")


def renamed(state: Mapping[str, Tensor], rename: Mapping[str, str]) -> dict[str, Tensor]:
    """The state with names changed by regular expressions, one after the other.

    Raises:
        ValueError: two names become one.
    """
    found: dict[str, Tensor] = {}
    for old, value in state.items():
        new = old
        for pattern, replacement in rename.items():
            new = re.sub(pattern, replacement, new)
        if new in found:
            raise ValueError(f"rename makes {new!r} of two names, {old!r} among them; name what is to differ")
        found[new] = value
    return found


def read_state(path: str | Path) -> dict[str, Tensor]:
    """A state dict from a file, .safetensors or what torch.save wrote; nothing in it is run.

    Raises:
        CheckpointError: the file is missing, or holds no state dict.
    """
    path = Path(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as a state dict: {error}") from error
    content = content.get("state_dict", content) if isinstance(content, dict) else content
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise CheckpointError(f"{path} holds no state dict; give a file that maps names to tensors")
    return content


def teachers_of(
    sections: list[TeacherSection],
    model_info: dict[str, Any],
    stages: list[StageSection],
    ended: Mapping[int, Mapping[str, Tensor]],
) -> list[nn.Module]:
    """The networks that teach a stage, frozen and in eval mode, on the CPU.

    Args:
        model_info: name and arguments of the run's own model, for a teacher that is an earlier stage of it.
        stages: of the run's recipe.
        ended: states of the stages that teach, as they ended.

    Raises:
        CheckpointError: a file is missing or does not fit.
    """
    return [_teacher(section, model_info, stages, ended).eval().requires_grad_(False) for section in sections]


def _teacher(
    section: TeacherSection,
    model_info: dict[str, Any],
    stages: list[StageSection],
    ended: Mapping[int, Mapping[str, Tensor]],
) -> nn.Module:
    if section.checkpoint is not None:
        return load_checkpoint(section.checkpoint)[0]
    if section.stage is not None:
        model = models.create(model_info["name"], **model_info["arguments"])
        load_strictly(model, ended[section.stage], f"stage {section.stage}")
        set_modes(model, stages[section.stage].activations, stages[section.stage].weights)
        return model
    assert section.model is not None
    assert section.weights is not None
    model = models.create(section.model.name, **section.model.arguments)
    state = read_state(section.weights)
    if section.rename == "published":
        state = published_names(section.model.name, state)
    else:
        state = renamed(state, section.rename)
    constants = _pixel_constants(model)
    if not constants.keys() <= state.keys() and not {"mean", "std"} <= section.model.arguments.keys():
        raise CheckpointError(
            f"the teacher {section.model.name} has neither mean and std of the pixels in {section.weights} nor in its "
            "arguments; give them: model = {name = ..., mean = [...], std = [...]}"
        )
    load_strictly(model, constants | state, section.weights)
    return model


def published_names(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a published checkpoint by the names of our model.

    Raises:
        CheckpointError: the model's family knows no checkpoints, or not these names.
    """
    paths = getattr(models.family_of(name), "CHECKPOINT_NAMES", {}).get(name, {})
    found = {}
    for old, value in state.items():
        path, _, own = old.rpartition(".")
        if path not in paths:
            known = f"it knows {', '.join(paths)}" if paths else "it knows none"
            raise CheckpointError(f"{name} has no module for {old!r} of a published checkpoint; {known}; give rename")
        found[f"{paths[path]}.{own}"] = value
    return found


def _pixel_constants(model: nn.Module) -> dict[str, Tensor]:
    """Mean and deviation of the pixels: arguments of the model, which a file of weights from elsewhere lacks."""
    normalizations = {path: module for path, module in model.named_modules() if isinstance(module, Normalize)}
    return {f"{path}.{name}": value for path, m in normalizations.items() for name, value in m.named_buffers()}
