"""From a checkpoint to a model file, with the names and the preprocessing of its data."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from signbit.convert import Conversion, convert
from signbit.preprocessing import Preprocessing
from signbit.train.recipe import Recipe


def convert_checkpoint(model: nn.Module, recipe: Recipe, info: dict[str, Any]) -> Conversion:
    """Convert what `load_checkpoint` gave.

    Raises:
        ConvertError: see `signbit.convert.convert`.
    """
    return convert(
        model,
        torch.zeros(2, *info["input_shape"], dtype=torch.uint8),
        labels=info["class_names"],
        metadata={"data": recipe.data.name},
        preprocessing=preprocessing_of(info),
    )


def preprocessing_of(info: dict[str, Any]) -> Preprocessing:
    """The preprocessing that a checkpoint's information describes."""
    return Preprocessing(**info.get("preprocessing", {}))
