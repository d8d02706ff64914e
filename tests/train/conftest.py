"""A run of seconds: a narrow network on a few digits."""

from typing import Any

import pytest

from signbit import data
from signbit.data import Splits
from signbit.data.dataset import stratified
from signbit.train import Recipe

TINY: dict[str, Any] = {
    "data": {"name": "digits"},
    "model": {"name": "binarynet", "width": 0.05, "norm": "abn", "stem": "integer", "head": "binary"},
    "augment": {"crop_padding": 1},
    "train": {"epochs": 2, "batch_size": 32, "lr": 1e-2, "accelerator": "cpu"},
}

# Two stages, two optimizers, both kinds of augmentation: all that a checkpoint has to bring back.
STAGED: dict[str, Any] = TINY | {
    "augment": {"crop_padding": 1, "flip": True},
    "train": {"epochs": 2, "batch_size": 32, "lr": 1e-2, "accelerator": "cpu", "threads": 1, "warmup_epochs": 0.5},
    "stages": [{"weights": "real", "optimizer": {"name": "sgd", "momentum": 0.9}}, {"clamp_latent": True}],
}


@pytest.fixture
def tiny() -> Recipe:
    return Recipe.model_validate(TINY)


@pytest.fixture
def staged() -> Recipe:
    return Recipe.model_validate(STAGED)


@pytest.fixture(scope="session")
def few_digits() -> Splits:
    splits = data.load("digits")
    _, some = stratified(splits.train.labels, 0.2, 0)
    return Splits(splits.train.subset(some), splits.held_out, splits.test)
