"""Recipes: what is read, what is refused and with which words, overrides, and writing."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from signbit import models
from signbit.errors import RecipeError
from signbit.preprocessing import Preprocessing
from signbit.train import Recipe, apply_overrides, load_recipe, recipe_names, to_toml
from signbit.train.recipe_file import read_toml

SMALL = """
[data]
name = "digits"

[model]
name = "binarynet"

[train]
epochs = 3
lr = 1e-3
"""


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize("name", recipe_names())
def test_packaged_recipes(name: str) -> None:
    recipe = load_recipe(name)
    models.create(recipe.model.name, **recipe.model.arguments | {"width": 0.05})
    assert recipe.train.seed == 0


def test_packaged_names() -> None:
    assert {"abn-binarynet-cifar10", "binarynet-cifar10", "binarynet-digits"} <= set(recipe_names())


def test_defaults(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file)
    assert len(recipe.stages) == 1
    stage = recipe.stage(0)
    assert (stage.epochs, stage.lr, stage.schedule.name, stage.batch_size) == (3, 1e-3, "cosine", 128)
    assert (stage.optimizer.name, stage.loss[0].name) == ("adam", "cross_entropy")


def test_arguments_of_the_data_set(recipe_file: Path, tmp_path: Path) -> None:
    arguments = 'name = "image_folder"\nsize = 8\nresize = 9'
    recipe_file.write_text(SMALL.replace('name = "digits"', arguments))
    recipe = load_recipe(recipe_file, ["data.filter=bilinear", "data.held_out=0.5"])
    assert recipe.data.arguments == {"size": 8, "resize": 9, "filter": "bilinear"}
    again = tmp_path / "again.toml"
    again.write_text(to_toml(recipe))
    assert load_recipe(again) == recipe
    for name in ("cat", "dog"):
        (tmp_path / "train" / name).mkdir(parents=True)
        for index in range(4):
            Image.new("RGB", (20, 10), (index, 0, 0)).save(tmp_path / "train" / name / f"{index}.png")
    splits = recipe.data.load(tmp_path)
    assert splits.train.images.shape == (2, 3, 8, 8)
    assert splits.train.preprocessing == Preprocessing(9, "bilinear")


def test_a_stage_overrides_the_shared_settings(recipe_file: Path) -> None:
    recipe_file.write_text(SMALL + '[[stages]]\nweights = "real"\n[[stages]]\nepochs = 7\noptimizer = "sgd"\n')
    recipe = load_recipe(recipe_file)
    assert [recipe.stage(i).epochs for i in (0, 1)] == [3, 7]
    assert [recipe.stage(i).optimizer.name for i in (0, 1)] == ["adam", "sgd"]
    assert [s.weights for s in recipe.stages] == ["real", "binary"]


@pytest.mark.parametrize(("given", "limit"), [("true", 1.0), ("false", 0.0), ("1.25", 1.25)])
def test_limit_of_latent_weights(given: str, limit: float, recipe_file: Path) -> None:
    recipe_file.write_text(SMALL + f"[[stages]]\nclamp_latent = {given}\n")
    assert float(load_recipe(recipe_file).stage(0).clamp_latent) == limit


def test_overrides(recipe_file: Path) -> None:
    recipe = load_recipe(
        recipe_file,
        [
            "model.width=0.25",
            "train.epochs=5",
            "stages.0.epochs=2",
            "train.optimizer=sgd",
            'train.loss={name="cross_entropy", label_smoothing=0.1}',
            "augment.flip = true",
            "train.weight_decay.real=0.01",
            "data.folder=/some/where",
        ],
    )
    assert recipe.model.arguments == {"width": 0.25}
    assert recipe.train.epochs == 5
    assert recipe.stage(0).epochs == 2
    assert recipe.train.optimizer.name == "sgd"
    assert recipe.train.loss[0].arguments == {"label_smoothing": 0.1}
    assert recipe.augment.flip
    assert recipe.train.weight_decay == {"real": 0.01}
    assert recipe.data.folder == "/some/where"


def test_overrides_leave_the_original_alone() -> None:
    original: dict[str, Any] = {"train": {"epochs": 1}}
    assert apply_overrides(original, ["train.epochs=2"]) == {"train": {"epochs": 2}, "stages": [{}]}
    assert original == {"train": {"epochs": 1}}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epochs", r"--set train\.epochs: give key=value"),
        ("=3", "give key=value"),
        ("stages.1.epochs=2", "'1' is no index of a list of 1; they start at 0"),
        ("stages.first.epochs=2", "'first' is no index"),
        ("train.epochs.more=2", r"train\.epochs is the value 3, which has no keys"),
        ("train.optimizer.eps=1", "optimizer"),
        ("train.schedule.early=true", "schedule is 'cosine'; set schedule={name=\"cosine\", early=...}"),
    ],
)
def test_wrong_overrides(override: str, message: str, recipe_file: Path) -> None:
    recipe_file.write_text(SMALL + 'optimizer = "adam"\nschedule = "cosine"\n')
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe_file, [override])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "epochs = 3",
            "epochs = 3\nepoch = 3",
            r"mine\.toml: train\.epoch: unknown key; there are epochs, batch",
        ),
        ("[train]", "[training]", "training: unknown key; there are data, model, augment, record, train, stages"),
        (
            "lr = 1e-3",
            "lr = 1e-3\n[[stages]]\nmodes = 3",
            r"stages\.0\.modes: unknown key; there are epochs, ",
        ),
        ("epochs = 3", "epochs = 0", r"train\.epochs: Input should be greater than or equal to 1 \(given: 0\)"),
        ("lr = 1e-3", "lr = 'fast'", r"train\.lr: Input should be a valid number.* \(given: 'fast'\)"),
        (
            "lr = 1e-3",
            "lr = 1e-3\nschedule = 'step'",
            r"should be 'cosine', 'linear', 'constant' or 'steps' \(given: 'step'\)",
        ),
        (
            "lr = 1e-3",
            "lr = 1e-3\noptimizer = 'lion'",
            r"optimizer\.name: there is no 'lion'; there are adam, ada",
        ),
        (
            "lr = 1e-3",
            "lr = 1e-3\nloss = 'l2'",
            "there is no 'l2'; there are attention_matching, cross_entropy",
        ),
        ("lr = 1e-3", "lr = 1e-3\nweight_decay = {latent = 1}", "there is no 'latent'; there are latent_weight, scale"),
        ('"digits"', '"svhn"', "there is no 'svhn'; there are cifar10, cifar100, digits, fashion_mnist, hub, "),
        (
            '"digits"',
            '"digits"\nsize = 8',
            "digits has no argument 'size'; there are none; beside them the section has name, folder, split, held_out",
        ),
        (
            '"digits"',
            '"image_folder"',
            "data: image_folder needs the argument 'size'; there are size, resize, filter, ch",
        ),
        ('"digits"', '"image_folder"\nsise = 8', "data: image_folder has no argument 'sise'; there are size, resize"),
        ('"binarynet"', '"resnet"', "there is no 'resnet'; there are .*binarynet"),
        ('"binarynet"', '"binarynet"\nwidht = 2', "binarynet has no argument 'widht'; there are inflation, width"),
        (
            "lr = 1e-3",
            "lr = 1e-3\noptimizer = {name = 'sgd', eps = 1}",
            "sgd has no argument 'eps'; there are momentum, nest",
        ),
        (
            "lr = 1e-3",
            "lr = 1e-3\nloss = {name = 'squared_hinge', c = 1}",
            "squared_hinge has no argument 'c'; there are none",
        ),
        (
            "lr = 1e-3",
            "lr = 1e-3\n[[stages]]\nweight_decay = {bias = 1}",
            "there is no 'bias'; there are latent_weight",
        ),
        ('"digits"', "", r"mine\.toml: Invalid value"),
        (
            "lr = 1e-3",
            "lr = 1e-3\n[[stages]]\n[[stages]]\nteachers = [{stages = 0}]",
            r"stages\.1\.teachers\.0\.stages: unknown key; there are checkpoint, stage, model, weights, rename",
        ),
        (
            "lr = 1e-3",
            "lr = 1e-3\nby_role = {real = {rate = 1}}",
            r"by_role\.real\.rate: unknown key; there are .*warmup_epochs",
        ),
        (
            "lr = 1e-3",
            "lr = 1e-3\nteachers = [{checkpoint = 'a', rename = {a = 'b'}}]",
            "rename is for the names in a te",
        ),
        ("lr = 1e-3", "lr = 1e-3\nloss = 'distillation'", r"mine\.toml: stage 0 has a loss that needs teacher_logits"),
    ],
)
def test_wrong_recipes(old: str, new: str, message: str, recipe_file: Path) -> None:
    recipe_file.write_text(SMALL.replace(old, new))
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe_file)


def test_missing_keys(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text('[data]\nname = "digits"\n')
    with pytest.raises(RecipeError, match=r"empty\.toml: model: missing; it has no default\n.*train: missing"):
        load_recipe(path)


def test_no_such_recipe() -> None:
    with pytest.raises(
        RecipeError, match=r"no such file or recipe; the recipes are .*, binarynet-cifar10, .*binarynet-digits"
    ):
        load_recipe("binarynet-digit")


@pytest.mark.parametrize("name", recipe_names())
def test_written_recipe_reads_back(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, ["model.mean=[0.5, 0.25]", "train.weight_decay.real=1e-5", 'data.folder=a "b"\\c'])
    path = tmp_path / "recipe.toml"
    path.write_text(to_toml(recipe))
    assert Recipe.model_validate(read_toml(path)) == recipe
