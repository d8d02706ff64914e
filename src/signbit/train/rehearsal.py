"""A look at every stage before the first step: a file that is missing is told of now, not when its stage begins."""

import copy
import warnings
from typing import Any

import torch
from torch import nn

from signbit import models
from signbit.binarizers import Binarizer
from signbit.layers.modes import set_modes
from signbit.train.nonfinite import TrainingError
from signbit.train.optimization import optimizations
from signbit.train.recipe import Recipe
from signbit.train.start import begin_stage, teachers_of
from signbit.train.teaching import Lesson

IMAGES = 2  # each of zeros


class NothingIsBinary(UserWarning):
    """The network has no binary layer, although it is not real-valued on purpose."""


def rehearse(recipe: Recipe, model: nn.Module, info: dict[str, Any], first: int = 0) -> None:
    """Begin the stages from `first` on with a copy of the model, and compute the losses of those that have teachers.

    Model and random generators stay as they were.

    Raises:
        CheckpointError: a file that a stage or its teacher begins with is missing or does not fit.
        TrainingError: a stage cannot be set up, or its losses cannot be computed; the message names it.
    """
    with torch.random.fork_rng(devices=()):
        model = copy.deepcopy(model)
        for index in range(first, len(recipe.stages)):
            try:
                _begin(recipe, index, model, info)
            except (RuntimeError, ValueError) as error:
                raise TrainingError(f"stages.{index} cannot be trained: {error}") from error


def warn_where_nothing_is_binary(model: nn.Module, name: str, arguments: dict[str, Any]) -> None:
    """Warn once if the network to be trained has no binary layer, unless it is real-valued on purpose.

    Warns:
        NothingIsBinary: the network has no binary layer; the warning says what to do.
    """
    if models.is_real_valued(name, arguments) or any(isinstance(module, Binarizer) for module in model.modules()):
        return
    warnings.warn(
        f"{name} has no binary layer: it is trained as a real-valued network. Build it with BinaryConv2d and "
        "BinaryLinear of signbit.layers, or, if it is meant to be real-valued, state REAL_VALUED = True in its file",
        NothingIsBinary,
        stacklevel=3,
    )


@torch.no_grad()
def _begin(recipe: Recipe, index: int, model: nn.Module, info: dict[str, Any]) -> None:
    stage = recipe.stage(index)
    begin_stage(model, recipe.stages[index].start, None)
    set_modes(model, recipe.stages[index].activations, recipe.stages[index].weights)
    optimizations(model, stage)
    if stage.teachers:
        ended = {teacher.stage: model.state_dict() for teacher in stage.teachers if teacher.stage is not None}
        teachers = teachers_of(stage.teachers, info["model"], recipe.stages, ended)
        images = torch.zeros(IMAGES, *info["input_shape"], dtype=torch.uint8)
        with Lesson(stage.loss, model.eval(), teachers) as lesson:
            lesson(model, images, torch.zeros(IMAGES, dtype=torch.int64))
