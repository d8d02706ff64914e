"""Stages: what they begin with, who teaches them, and optimizers that differ by role."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from test_fit import changed
from torch import Tensor, nn

from signbit import models
from signbit.binarizers import Binarizer
from signbit.data import Splits
from signbit.metrics import latent_signs
from signbit.models.cifar_resnet import CHECKPOINT_NAMES
from signbit.train import Recipe, TrainingError, fit, load_checkpoint
from signbit.train.checkpoint import CheckpointError
from signbit.train.optimization import clip, forget, optimizations
from signbit.train.recipe import check_recipe
from signbit.train.rehearsal import rehearse
from signbit.train.run_folder import copy_state, model_arguments, run_info
from signbit.train.sections import LossSection
from signbit.train.start import (
    begin_stage,
    check_signs,
    load_strictly,
    published_names,
    read_state,
    renamed,
    teachers_of,
)
from signbit.train.teaching import FeatureError, Lesson, matched


def with_stages(recipe: Recipe, *stages: dict[str, Any]) -> Recipe:
    return check_recipe(recipe.model_dump() | {"stages": list(stages)}, "here")


def test_start_from_the_best_epoch_of_the_stage_before(tiny: Recipe, few_digits: Splits) -> None:
    one = with_stages(tiny, {"weights": "real", "epochs": 3})
    best = fit(one, splits=few_digits, quiet=True)
    signs = {}

    def note(name: str) -> None:
        recipe = with_stages(tiny, {"weights": "real", "epochs": 3}, {"epochs": 1, "lr": 1e-12, "start": name})
        signs[name] = latent_signs(fit(recipe, splits=few_digits, quiet=True).model)

    note("best")
    expected = latent_signs(best.model)
    assert all(torch.equal(signs["best"][name], expected[name]) for name in expected)
    assert best.curves[best.best_epoch]["held_out_accuracy"] == best.held_out_accuracy


def test_start_from_a_checkpoint(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    first = fit(changed(tiny, train={"epochs": 1}), tmp_path / "first", splits=few_digits, quiet=True)
    start = {"checkpoint": str(tmp_path / "first")}
    recipe = with_stages(tiny, {"epochs": 1, "lr": 1e-12, "start": start})
    second = fit(recipe, tmp_path / "second", splits=few_digits, quiet=True)
    expected = latent_signs(first.model)
    assert all(torch.equal(signs, expected[name]) for name, signs in latent_signs(second.model).items())
    again = fit(recipe, tmp_path / "second", splits=few_digits, quiet=True, resume=True)
    assert again.test.accuracy == second.test.accuracy


def test_loading_is_strict(tmp_path: Path) -> None:
    model = models.create("reactnet18", width=0.125)
    state = model.state_dict()
    incomplete = {name: value for name, value in state.items() if name != "blocks.3.conv.weight"}
    with pytest.raises(CheckpointError, match=r"Missing key.*blocks\.3\.conv\.weight.*give rename"):
        load_strictly(model, incomplete, "the file")
    old = {f"module.{name}".replace("blocks", "layers"): value for name, value in state.items()}
    load_strictly(model, renamed(old, {"^module\\.": "", "^layers": "blocks"}), "the file")
    with pytest.raises(ValueError, match="of two names"):
        renamed(old, {".*": "same"})
    torch.save({"state_dict": old}, tmp_path / "old.pt")
    assert read_state(tmp_path / "old.pt").keys() == old.keys()
    for content in (b"", b"no state", b"PK\x03\x04"):
        (tmp_path / "bad.pt").write_bytes(content)
        with pytest.raises(CheckpointError, match=r"bad\.pt"):
            read_state(tmp_path / "bad.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match="no state dict"):
        read_state(tmp_path / "list.pt")


def test_signs_that_were_not_loaded_are_noticed() -> None:
    model = models.create("reactnet18", width=0.125)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    check_signs(model, state)
    begin_stage(model, "best", state)
    state["blocks.2.conv.weight"][0, 0, 0, 0] *= -1
    with pytest.raises(TrainingError, match=r"blocks\.2\.conv\.weight: 9\d\.\d+ % of its signs"):
        check_signs(model, state)
    # The fault of a published code base: a name that is not there, and a loader that does not mind.
    state["blocks.2.conv.weights"] = state.pop("blocks.2.conv.weight")
    model.load_state_dict(state, strict=False)
    with pytest.raises(TrainingError, match=r"0\.00 % of its signs"):
        check_signs(model, state)


def test_an_earlier_stage_teaches(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    recipe = with_stages(
        tiny,
        {"epochs": 1, "weights": "real"},
        {"epochs": 2, "teachers": [{"stage": 0}], "loss": ["cross_entropy", {"name": "distillation", "weight": 0.8}]},
    )
    whole = fit(recipe, tmp_path / "whole", splits=few_digits, quiet=True)
    assert len(whole.curves) == 3
    without = fit(with_stages(tiny, {"epochs": 1, "weights": "real"}, {"epochs": 2}), splits=few_digits, quiet=True)
    assert whole.curves[0]["loss"] == without.curves[0]["loss"]
    assert whole.curves[1]["loss"] > without.curves[1]["loss"]  # the divergence is added


def test_a_checkpoint_teaches_and_stays_as_it_is(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    fit(changed(tiny, train={"epochs": 1}), tmp_path / "teacher", splits=few_digits, quiet=True)
    before = (tmp_path / "teacher" / "model.pt").read_bytes()
    teacher = {"checkpoint": str(tmp_path / "teacher")}
    recipe = with_stages(tiny, {"loss": "distributional", "teachers": [teacher]})
    result = fit(recipe, splits=few_digits, quiet=True)
    assert result.curves[-1]["loss"] < result.curves[0]["loss"]
    assert (tmp_path / "teacher" / "model.pt").read_bytes() == before


class Watched(nn.Module):
    feature_layers = ("first", "second")

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 3, 1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.norm(self.second(self.first(x))).mean((2, 3))
        return logits


def test_lesson() -> None:
    torch.manual_seed(0)
    student, teacher = Watched(), Watched().eval().requires_grad_(False)
    sections = [LossSection(name="attention_matching", weight=30.0), LossSection(name="cross_entropy")]
    images, labels = torch.randn(4, 1, 5, 5), torch.tensor([0, 1, 2, 0])
    statistics = teacher.norm.running_mean.clone()
    lesson = Lesson(sections, student, [teacher])
    with lesson:
        logits, loss = lesson(student, images, labels)
    loss.backward()
    assert torch.equal(statistics, teacher.norm.running_mean)
    assert all(p.grad is not None for p in student.parameters())
    assert all(p.grad is None for p in teacher.parameters())
    assert loss > nn.functional.cross_entropy(logits, labels)
    assert not student.first._forward_hooks
    assert not teacher.first._forward_hooks


def test_layers_are_matched_evenly() -> None:
    assert matched(("a", "b", "c", "d"), ("x", "y")) == (("b", "d"), ("x", "y"))
    assert matched(("a",), ("x", "y", "z")) == (("a",), ("z",))
    with pytest.raises(FeatureError, match="3 feature layers cannot be matched with the 2"):
        matched(("a", "b", "c"), ("x", "y"))
    with pytest.raises(FeatureError, match="has no feature_layers"):
        Lesson([LossSection(name="attention_matching")], nn.Linear(1, 1), [Watched()])


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"loss": "distributional"}, "stage 0 has a loss that needs teacher_logits; give it teachers"),
        ({"teachers": [{"stage": 0}]}, "a stage that is not over"),
        ({"teachers": [{}]}, "give just one of them"),
        ({"teachers": [{"model": "binarynet"}]}, "go together"),
        ({"teachers": [{"checkpoint": "a", "stage": 0}]}, "give just one of them"),
        ({"by_role": {"weight": {"lr": 0.1}}}, "there is no 'weight'; there are latent_weight"),
        ({"start": "first"}, "start"),
    ],
)
def test_wrong_stages(stage: dict[str, Any], message: str, tiny: Recipe) -> None:
    with pytest.raises(Exception, match=message):
        with_stages(tiny, stage)


TEACHER = {"model": "binarynet", "weights": "nowhere.pt"}


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"loss": "distillation", "teachers": [TEACHER]}, r"nowhere\.pt cannot be read"),
        ({"start": {"checkpoint": "nowhere"}}, "nowhere"),
        ({"activations": "soft"}, r"stages\.1 cannot be trained: SteSign: no mode 'soft'"),
        ({"loss": "attention_matching", "teachers": [{"stage": 0}]}, r"stages\.1 cannot be trained: .*feature_layers"),
    ],
)
def test_a_later_stage_is_looked_at_before_the_first_step(
    stage: dict[str, Any], message: str, tiny: Recipe, few_digits: Splits, tmp_path: Path
) -> None:
    recipe = with_stages(tiny, {}, stage)
    with pytest.raises((CheckpointError, TrainingError), match=message):
        fit(recipe, tmp_path / "run", splits=few_digits, quiet=True)
    assert not (tmp_path / "run").exists()


def test_a_teacher_of_other_classes_is_noticed_first(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    fit(changed(tiny, train={"epochs": 1}), tmp_path / "teacher", splits=few_digits, quiet=True)
    sets = (few_digits.train, few_digits.held_out, few_digits.test)
    pairs = Splits(*(dataclasses.replace(s, labels=s.labels % 2, class_names=("even", "odd")) for s in sets))
    recipe = with_stages(tiny, {}, {"loss": "distillation", "teachers": [{"checkpoint": str(tmp_path / "teacher")}]})
    with pytest.raises(TrainingError, match=r"stages\.1 cannot be trained: .*size"):
        fit(recipe, tmp_path / "run", splits=pairs, quiet=True)
    assert not (tmp_path / "run").exists()


def test_a_rehearsal_changes_nothing(tiny: Recipe, few_digits: Splits) -> None:
    recipe = with_stages(
        tiny, {"weights": "real"}, {"start": "best", "loss": "distillation", "teachers": [{"stage": 0}]}
    )
    torch.manual_seed(3)
    arguments = model_arguments(recipe, few_digits.train)
    model = models.create(recipe.model.name, **arguments)
    before, generator = copy_state(model), torch.get_rng_state()
    rehearse(recipe, model, run_info(recipe, arguments, few_digits.train))
    assert torch.equal(generator, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training
    assert all(binarizer.mode == "binary" for binarizer in model.modules() if isinstance(binarizer, Binarizer))


def test_optimizers_by_role(tiny: Recipe, few_digits: Splits) -> None:
    by_role = {"latent_weight": {"optimizer": "sgd", "lr": 0.5, "schedule": "constant"}}
    recipe = changed(tiny, train={"by_role": by_role, "warmup_epochs": 1})
    model = models.create("binarynet", width=0.05)
    parts = optimizations(model, recipe.stage(0))
    assert [type(part.optimizer).__name__ for part in parts] == ["Adam", "SGD"]
    roles = [[group["role"] for group in part.optimizer.param_groups] for part in parts]
    assert roles == [["head", "norm", "real"], ["latent_weight"]]
    for part in parts:
        part.set_rate(step=5, steps=10, steps_per_epoch=5)
    assert parts[1].optimizer.param_groups[0]["lr"] == 0.5
    assert fit(recipe, splits=few_digits, quiet=True).curves[-1]["loss"] > 0


def test_optimizer_that_forgets(tiny: Recipe, few_digits: Splits) -> None:
    model = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert optimizer.state
    forget([optimizer])
    assert not optimizer.state
    losses = [
        fit(changed(tiny, train={"reset_optimizer": reset}), splits=few_digits, quiet=True).curves[-1]["loss"]
        for reset in (False, True)
    ]
    assert losses[0] != losses[1]


def test_clip_norm() -> None:
    layers = nn.Linear(3, 3), nn.Linear(3, 3)
    optimizers = [torch.optim.SGD(layer.parameters()) for layer in layers]
    for layer in layers:
        layer(torch.full((1, 3), 100.0)).sum().backward()
    clip(optimizers, norm=2.0, adaptive=None)
    total = sum(float(p.grad.square().sum()) for layer in layers for p in layer.parameters() if p.grad is not None)
    assert total**0.5 == pytest.approx(2, rel=1e-5)


def test_info_has_both_epochs(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    result = fit(tiny, tmp_path, splits=few_digits, quiet=True)
    _, _, info = load_checkpoint(tmp_path)
    assert info["test_top5_accuracy"] == result.test.top5_accuracy >= info["test_accuracy"]
    assert 0 <= info["final_test_accuracy"] <= info["final_test_top5_accuracy"] <= 1


def test_a_published_checkpoint_teaches(tiny: Recipe, few_digits: Splits, tmp_path: Path) -> None:
    """Under the names of its own code; the real checkpoints are read in tests/models/test_cifar_resnet.py."""
    model = {"name": "resnet20", "binary": False, "in_channels": 1, "image_size": 8}
    arguments = {key: value for key, value in model.items() if key != "name"}
    ours = models.create("resnet20", **arguments)
    back = {new: old for old, new in CHECKPOINT_NAMES["resnet20"].items()}
    state = {
        f"{back[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}": value
        for key, value in ours.state_dict().items()
        if not key.startswith("stem.0.") and not key.endswith("num_batches_tracked")
    }
    torch.save({"state_dict": state, "best": 1.0}, tmp_path / "teacher.th")
    teacher = {"model": model, "weights": str(tmp_path / "teacher.th"), "rename": "published"}
    stage = {"loss": "distributional", "teachers": [teacher]}
    section = with_stages(tiny, stage).stage(0).teachers
    with pytest.raises(CheckpointError, match=r"the teacher resnet20 has neither mean and std of the pixels in .*give"):
        teachers_of(section, {}, [], {})  # the defaults would be anybody's
    model |= {"mean": [0.5], "std": [0.5]}
    section = with_stages(tiny, stage).stage(0).teachers
    (loaded,) = teachers_of(section, {}, [], {})
    images = few_digits.test.images[:4]
    assert torch.equal(loaded(images), ours.eval()(images))
    assert not loaded.training
    fit(with_stages(changed(tiny, train={"epochs": 1}), stage), splits=few_digits, quiet=True)
    with pytest.raises(CheckpointError, match=r"binarynet has no module for .*it knows none"):
        published_names("binarynet", state)
