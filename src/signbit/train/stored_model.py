"""Trained models as small files: one bit for each latent weight, float32 for the rest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers.roles import parameter_roles
from signbit.train import checkpoint
from signbit.train.checkpoint import CheckpointError
from signbit.train.recipe import Recipe, check_recipe
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
        ValueError: the stored model would be another one, because a binarizer takes more from its weights; nothing is
            written.
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
    _check_same_layers(model, _rebuilt(tensors, about, str(path))[0], path)
    with whole_file(Path(path)) as file:
        file.write(save(tensors, {"signbit": json.dumps(about)}))


def load_stored_model(path: str | Path) -> tuple[nn.Module, Recipe, dict[str, Any]]:
    """The model in eval mode on the CPU, its recipe, and the info of its checkpoint.

    Raises:
        CheckpointError: the file is missing or is not one of `store_model`.
        RecipeError: its recipe is not valid in this version.
    """
    if not Path(path).exists():
        raise CheckpointError(
            f"{path}: no such file; store the model by models = [SEED] in the queue or `signbit result --model`, or "
            "give the run's folder"
        )
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
    model = checkpoint.rebuilt(info, tensors, origin)
    recipe = check_recipe(about["recipe"], origin)
    checkpoint.restore_modes(model, info, recipe.stages[-1], origin)
    return model.eval(), recipe, info


def _packed(bits: Tensor) -> Tensor:
    padded = torch.nn.functional.pad(bits.flatten().to(torch.uint8), (0, -bits.numel() % 8))
    return (padded.view(-1, 8) << torch.arange(8, dtype=torch.uint8)).sum(1, dtype=torch.uint8)


def _unpacked(packed: Tensor, shape: list[int]) -> Tensor:
    bits = (packed[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1
    count = torch.Size(shape).numel()
    return 1 - 2 * bits.flatten()[:count].view(shape).float()


@torch.no_grad()
def _check_same_layers(model: nn.Module, stored: nn.Module, path: str | Path) -> None:
    """Codes and scales of each layer: logits would do by chance, or differ by the last bit of a scale."""
    for (name, layer), other in zip(model.named_modules(), stored.modules(), strict=True):
        if not isinstance(getattr(layer, "weight_binarizer", None), Binarizer):
            continue
        (codes, scale), (their_codes, their_scale) = _codes_and_scale(layer), _codes_and_scale(other)
        if not (torch.equal(codes, their_codes) and torch.allclose(scale, their_scale, rtol=1e-5)):
            raise ValueError(
                f"{path}: the signs and mean sizes of the weights of {name} do not make the same layer: keep a "
                "checkpoint; nothing was written"
            )


def _codes_and_scale(layer: nn.Module) -> tuple[Tensor, Tensor]:
    weight = layer.get_parameter("weight")
    binarizer = cast(Binarizer, layer.weight_binarizer)
    scale = binarizer.scale(weight)
    return binarizer(weight), torch.ones(()) if scale is None else scale
