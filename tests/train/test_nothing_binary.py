"""A network that lost its binary layers is trained with one warning; one that is real-valued on purpose without."""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from signbit import models
from signbit.binarizers import Binarizer
from signbit.data import Splits
from signbit.layers import BinaryConv2d, BinaryLinear, BinaryWeightConv2d, RSign
from signbit.train import NothingIsBinary, Recipe, fit
from signbit.train.rehearsal import warn_where_nothing_is_binary

REAL = {"resnet18", "resnet34", "vgg11"}


def changed(recipe: Recipe, **model: Any) -> Recipe:
    values = recipe.model_dump()
    values["model"] |= model
    values["train"]["epochs"] = 1
    return Recipe.model_validate(values)


def warnings_of(model: nn.Module, name: str, **arguments: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_where_nothing_is_binary(model, name, arguments)
    assert all(warning.category is NothingIsBinary for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("name", models.names())
def test_every_network_says_what_it_is(name: str) -> None:
    with torch.device("meta"):
        model = models.create(name)
    signs = any(isinstance(module, Binarizer) for module in model.modules())
    assert signs is (name not in REAL)
    assert warnings_of(model, name) == []
    real = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 10))
    assert len(warnings_of(real, name)) == (name not in REAL | {"vgg_small"})  # vgg: `binary` says which of the two
    if "binary" in models.parameters(name):
        assert warnings_of(real, name, binary=False) == []
        assert len(warnings_of(real, name, binary=True)) == 1


@pytest.mark.parametrize(
    "layer",
    [BinaryConv2d(8, 8, 3), BinaryWeightConv2d(8, 8, 3), BinaryLinear(8, 8, input_binarizer=None), RSign(8)],
    ids=lambda layer: type(layer).__name__,
)
def test_a_single_sign_is_enough(layer: nn.Module) -> None:
    assert warnings_of(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(layer)), "reactnet18") == []


@pytest.mark.parametrize("quiet", [True, False])
def test_training_warns_once(
    quiet: bool, tiny: Recipe, few_digits: Splits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    create = models.create
    monkeypatch.setattr(models, "create", lambda name, **arguments: create(name, **arguments | {"binary": False}))
    message = r"^binarynet has no binary layer: .* Build it with BinaryConv2d .* REAL_VALUED = True in its file$"
    with pytest.warns(NothingIsBinary, match=message) as caught:
        fit(changed(tiny), tmp_path, splits=few_digits, quiet=quiet)
    assert len([warning for warning in caught if warning.category is NothingIsBinary]) == 1
    assert caught[0].filename == __file__  # it points at the call of fit


@pytest.mark.parametrize("model", [{}, {"binary": False}, {"name": "resnet18", "arguments": {}, "width": 0.05}])
def test_training_as_it_is_meant(model: dict[str, Any], tiny: Recipe, few_digits: Splits) -> None:
    recipe = tiny.model_dump()
    recipe["model"] = model if "name" in model else recipe["model"] | model
    recipe["model"].pop("arguments", None)
    recipe["train"]["epochs"] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error", NothingIsBinary)
        fit(Recipe.model_validate(recipe), splits=few_digits, quiet=True)


def test_it_is_on_standard_error(tmp_path: Path) -> None:
    program = (
        "import torch\nfrom signbit.train.rehearsal import warn_where_nothing_is_binary as warn\n"
        "for _ in range(3): warn(torch.nn.Linear(2, 2), 'reactnet18', {})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == ""
    assert done.stderr.count("reactnet18 has no binary layer") == 1
