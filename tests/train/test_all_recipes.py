"""Every recipe of the package: all of its stages, stopped and taken up again, on a few images of noise."""

from pathlib import Path

import pytest
import torch

from signbit.data.dataset import Dataset, Splits
from signbit.errors import RunStopped
from signbit.train import fit, load_recipe, recipe_names

PHOTOS = 64  # height and width of what stands in for ImageNet's
BATCH = 8
QUICK = (
    "presbnet18-cifar100", "reactnet18-cifar10-ours", "bnfree-reactnet18-cifar10", "aresbnet18-cifar100",
    "bnext18-cifar10", "quicknet-small-cifar10", "xnornet-nin-cifar10", "binarynet-resnet18-cifar10",
)  # fmt: skip
"""One of each kind of training; the others are slow only because they are many."""

FULL_SIZE_TEACHER = {"reactnet-a-imagenet", "adambnn-reactnet-a-imagenet", "reactnet18-cifar10-taught"}


def noise(classes: int, size: int, channels: int) -> Splits:
    generator = torch.Generator().manual_seed(0)

    def part(count: int) -> Dataset:
        images = torch.randint(0, 256, (count, channels, size, size), generator=generator, dtype=torch.uint8)
        names = tuple(str(label) for label in range(classes))
        return Dataset(images, torch.arange(count) % classes, names, (0.5,) * channels, (0.25,) * channels)

    return Splits(part(4 * BATCH), part(BATCH), part(BATCH))


def splits_of(name: str) -> Splits:
    if "imagenet" in name:
        return noise(1000, PHOTOS, 3)
    if "mnist" in name or "digits" in name:
        return noise(10, 8 if "digits" in name else 28, 1)
    return noise(100 if "cifar100" in name else 10, 32, 3)


def overrides(name: str, folder: Path) -> list[str]:
    small = ["model.width=0.1", "stages.*.epochs=1", f"train.batch_size={BATCH}", "train.accelerator=cpu"]
    if name == "real-to-binary18-cifar100":
        teacher = load_recipe("resnet18-cifar100", small)
        fit(teacher, folder / "teacher", splits=splits_of(name), quiet=True)
        small.append(f"stages.0.teachers=[{{checkpoint='{folder / 'teacher'}'}}]")
    return small


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in recipe_names()])
def test_every_stage_and_on_again(name: str, tmp_path: Path) -> None:
    settings = overrides(name, tmp_path)
    if name in FULL_SIZE_TEACHER:  # its weights are a file that one brings
        settings += ["stages.*.teachers=[]", "stages.*.loss=cross_entropy"]
    recipe, splits = load_recipe(name, settings), splits_of(name)
    with pytest.raises(RunStopped):
        fit(recipe, tmp_path / "run", splits=splits, quiet=True, time_limit=1e-3)
    result = fit(recipe, tmp_path / "run", splits=splits, quiet=True, resume=True)
    assert [row["stage"] for row in result.curves] == list(range(len(recipe.stages)))
    assert result.checkpoint is not None
    assert [row["step"] for row in result.curves] == [4 * (stage + 1) for stage in range(len(recipe.stages))]


def test_what_is_quick_is_there() -> None:
    assert {*QUICK, *FULL_SIZE_TEACHER} <= set(recipe_names())
