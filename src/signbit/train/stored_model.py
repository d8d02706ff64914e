"""Trained models as small files: one bit for each latent weight, float32 for the rest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from signbit import models
from signbit.layers.roles import parameter_roles
from signbit.train import checkpoint
from signbit.train.checkpoint import CheckpointError
from signbit.train.recipe import Recipe, check_recipe
from signbit.train.schedule import set_modes
from signbit.train.whole_file import whole_file

_SUFFIX = ".safetensors"
_SIGNS, _SIZES = "signs of ", "sizes of "


def stored_beside(result: Path) -> Path:
    """Where the model of a result file NAME-seedN.json is looked for: models/NAME-seedN.safetensors beside it."""
    return result.parent / "models" / f"{result.stem}{_SUFFIX}"


def store_model(run: str | Path, path: str | Path) -> None:
    """Write the model of a checkpoint, or of a finished run's folder, without what only training needs.

    Of a latent weight the signs are kept and, for each output channel, the mean of its absolute values, which is all
    that a sign with or without a scale takes from it.

    Raises:
        CheckpointError: there is no checkpoint.
        RunFolderError: the file cannot be written.
        ValueError: the stored model does not give the same logits, because a binarizer takes more from its weights.
    """
    model, recipe, info = checkpoint.load_checkpoint(run)
    latents = {name for name, role in parameter_roles(model).items() if role == "latent_weight"}
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if name in latents:
            tensors[_SIGNS + name] = _packed(value < 0)
            tensors[_SIZES + name] = value.abs().flatten(1).mean(1)
        else:
            tensors[name] = value.contiguous()
    about = {
        "recipe": recipe.model_dump(),
        "info": info,
        "shapes": {n: list(model.state_dict()[n].shape) for n in latents},
    }
    _check_same_logits(model, _rebuilt(tensors, about, str(path))[0], info, path)
    with whole_file(Path(path)) as file:
        file.write(save(tensors, {"signbit": json.dumps(about)}))


def load_stored_model(path: str | Path) -> tuple[nn.Module, Recipe, dict[str, Any]]:
    """The model in eval mode on the CPU, its recipe, and the info of its checkpoint.

    Raises:
        CheckpointError: the file is missing or is not one of `store_model`.
        RecipeError: its recipe is not valid in this version.
    """
    try:
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["signbit"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dictionary
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as a stored model: {error}") from error
    return _rebuilt(tensors, about, str(path))


def _rebuilt(
    stored: Mapping[str, Tensor], about: dict[str, Any], origin: str
) -> tuple[nn.Module, Recipe, dict[str, Any]]:
    tensors = dict(stored)
    for name, shape in about["shapes"].items():
        signs = _unpacked(tensors.pop(_SIGNS + name), shape)
        tensors[name] = signs * tensors.pop(_SIZES + name).view(-1, *[1] * (len(shape) - 1))
    info: dict[str, Any] = about["info"]
    model = models.create(info["model"]["name"], **info["model"]["arguments"])
    model.load_state_dict(tensors, strict=True)
    recipe = check_recipe(about["recipe"], origin)
    set_modes(model, recipe.stages[-1].activations, recipe.stages[-1].weights)
    return model.eval(), recipe, info


def _packed(bits: Tensor) -> Tensor:
    padded = torch.nn.functional.pad(bits.flatten().to(torch.uint8), (0, -bits.numel() % 8))
    return (padded.view(-1, 8) << torch.arange(8, dtype=torch.uint8)).sum(1, dtype=torch.uint8)


def _unpacked(packed: Tensor, shape: list[int]) -> Tensor:
    bits = (packed[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1
    count = torch.Size(shape).numel()
    return 1 - 2 * bits.flatten()[:count].view(shape).float()


@torch.no_grad()
def _check_same_logits(model: nn.Module, stored: nn.Module, info: dict[str, Any], path: str | Path) -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (4, *info["input_shape"]), dtype=torch.uint8, generator=generator)
    if not torch.allclose(model(pixels), stored(pixels), rtol=1e-3, atol=1e-3):
        raise ValueError(
            f"{path}: the signs and mean sizes of its weights do not make the same model: "
            "keep a checkpoint; nothing was written"
        )
