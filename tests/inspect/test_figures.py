"""Each figure is drawn from results, the same each time, and says what was run; wrong runs are refused."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import torch
from made_results import made_result
from PIL import Image
from torch.nn import functional

from signbit import data
from signbit.errors import SignbitError
from signbit.inspect.figures import draw, names
from signbit.inspect.figures.gradcam import grad_cam, last_convolution
from signbit.inspect.runs import Run, open_runs
from signbit.models import create
from signbit.train import Recipe, fit
from signbit.train.result import result_of, write_result
from signbit.train.stored_model import store_model

FIGURES = ("ablation", "activation-ridges", "cross", "gradcam", "presb-ablation", "presb-curves", "sign-balance")


def runs(*made: dict[str, Any]) -> list[Run]:
    return [Run(Path(f"{result['name']}-seed{result['seed']}.json"), result) for result in made]


def norms(*given: str, **changes: Any) -> list[Run]:
    return runs(*(made_result(f"run-{norm}", seed, 0.7 + 0.01 * seed, norm=norm, **changes)
                  for norm in given for seed in (0, 1)))  # fmt: skip


DRAWN = {
    "ablation": norms("abn", "abn_scale", "abn_no_bias"),
    "activation-ridges": norms("batch", "abn", activations=True),
    "cross": norms("batch", "abn") + [
        Run(run.path, run.result | {"name": f"real-{run.result['name']}"})
        for run in norms("batch", "abn", binary=False)
    ],
    "presb-ablation": runs(*(made_result(name, seed, 0.8 - 0.01 * len(name) + 0.001 * seed)
                             for name in ("presbnet10", "presbnet10-relu") for seed in (0, 1))),
    "presb-curves": runs(made_result("presbnet10", stages=(0, 0, 0, 1, 1)),
                         made_result("presbnet18", accuracy=0.75, stages=(0, 0, 0, 1, 1))),
    "sign-balance": norms("batch", "abn", activations=True),
}  # fmt: skip


def test_names() -> None:
    assert tuple(names()) == FIGURES


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure(name: str, tmp_path: Path) -> None:
    drawn = draw(name, DRAWN[name], tmp_path)
    with Image.open(drawn.png) as image:
        width, height = image.size
        assert 700 <= width <= 1600
        assert height >= 400
        assert len(set(image.convert("RGB").get_flattened_data())) > 20  # something is drawn
    assert ElementTree.parse(drawn.svg).getroot().tag.endswith("svg")
    assert drawn.caption == (tmp_path / f"{name}.txt").read_text().strip()
    for word in ("binarynet", "width 0.25", "CIFAR-10", "5,000 held-out", "5 epochs", "bf16-mixed", "seed"):
        assert word in drawn.caption
    again = draw(name, DRAWN[name], tmp_path / "again")
    assert again.png.read_bytes() == drawn.png.read_bytes()
    assert again.svg.read_bytes() == drawn.svg.read_bytes()


WRONG = {
    "no such figure": ("crosses", [], "no figure 'crosses'; there are ablation, activation-ridges"),
    "a norm is missing": ("ablation", norms("abn", "abn_scale"), "needs runs with model.norm abn_no_bias"),
    "another norm": ("ablation", norms("abn", "batch"), "takes one series for each of"),
    "no histograms": ("sign-balance", norms("batch", "abn"), "has no histograms; train with --set record.activations"),
    "no real-valued side": ("cross", norms("batch", "abn"), "cross, real-valued side, needs"),
    "not the whole network": ("presb-ablation", runs(made_result("presbnet10-relu")), "needs the whole network"),
    "no runs": ("presb-curves", [], "takes 1 to 5 series of runs"),
    "other stages": (
        "presb-curves",
        runs(made_result("a", stages=(0, 0, 1)), made_result("b", stages=(0, 1, 1))),
        r"a has 2 \+ 1; b has 1 \+ 2",
    ),
    "other scales": (
        "presb-ablation",
        runs(made_result("presbnet10", width=1), made_result("presbnet10-relu")),
        "presb-ablation compares runs of one data set, .*presbnet10 has cifar10, width 1, 5 epochs; presbnet10-relu",
    ),
    "two of one norm": ("ablation", runs(made_result("a"), made_result("b")), "b has model.norm abn, as a has"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_runs(case: str, tmp_path: Path) -> None:
    name, given, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        draw(name, given, tmp_path)


def test_grad_cam_is_its_formula() -> None:
    torch.manual_seed(0)
    model = create("binarynet", width=0.05, in_channels=1, image_size=8, norm="abn").eval()
    images = data.load("digits").test.subset(torch.arange(5))
    path, layer = last_convolution(model)
    assert path == "features.14"
    maps, predicted = grad_cam(model, layer, images)
    kept: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output))
    logits = model(images.images)
    handle.remove()
    chosen = logits.gather(1, images.labels[:, None]).sum()
    weights = torch.autograd.grad(chosen, kept[0])[0].mean((2, 3), keepdim=True)
    wanted = (weights * kept[0]).sum(1, keepdim=True).relu()
    wanted = functional.interpolate(wanted, (8, 8), mode="bilinear", align_corners=False)[:, 0]
    wanted = wanted / wanted.amax((1, 2), keepdim=True).clamp_min(1e-30)
    torch.testing.assert_close(maps, wanted.detach())
    assert torch.equal(predicted, logits.argmax(1))


def test_the_gradcam_figure_from_stored_models(tmp_path: Path) -> None:
    model = {"name": "binarynet", "width": 0.05, "stem": "real", "head": "real"}
    paths = []
    for norm in ("batch", "abn"):
        recipe = Recipe.model_validate({
            "data": {"name": "digits"}, "model": model | {"norm": norm},
            "train": {"epochs": 1, "batch_size": 512, "lr": 1e-2, "accelerator": "cpu"},
        })  # fmt: skip
        fit(recipe, tmp_path / norm, quiet=True)
        paths.append(tmp_path / f"{norm}-seed0.json")
        write_result(result_of(tmp_path / norm, norm), paths[-1])
        store_model(tmp_path / norm, tmp_path / f"models/{norm}-seed0.safetensors")
    from_results = draw("gradcam", open_runs(paths), tmp_path / "results")
    from_folders = draw("gradcam", open_runs([tmp_path / "batch", tmp_path / "abn"]), tmp_path / "folders")
    assert from_results.png.stat().st_size > 10_000
    assert "digits" in from_folders.caption
    (tmp_path / "models/abn-seed0.safetensors").unlink()
    with pytest.raises(SignbitError, match=r"abn-seed0\.safetensors: no such file; store the model"):
        draw("gradcam", open_runs(paths), tmp_path)
