"""ResNet-20 and -56: their counts, their blocks against the formula, and the published real-valued checkpoints."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, mean_abs_conv, norm, pixels, randomise, sign
from torch import Tensor, nn
from torch.nn import functional

from signbit import data, models
from signbit.layers import BinaryConv2d, PadShortcut
from signbit.models.cifar_resnet import CHECKPOINT_NAMES, SIZES

TEACHERS = {"resnet20": "resnet20-12fca82f.th", "resnet56": "resnet56-4bfd9763.th"}
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@pytest.mark.parametrize(("name", "count"), [("resnet20", 269_722), ("resnet56", 853_018)])
def test_sizes(name: str, count: int) -> None:
    with torch.device("meta"):
        binary, real = (models.create(name, binary=b) for b in (True, False))
    assert [sum(p.numel() for p in model.parameters()) for model in (binary, real)] == [count, count]
    blocks = SIZES[name]
    convs = [m.weight.numel() for m in binary.modules() if isinstance(m, BinaryConv2d)]
    inner = (2 * blocks - 1) * (16 * 16 + 32 * 32 + 64 * 64) + 16 * 16 + 16 * 32 + 32 * 64
    assert (len(convs), sum(convs)) == (6 * blocks, 9 * inner)


def pad(x: Tensor) -> Tensor:
    zeros = torch.zeros(x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3] // 2)
    return torch.cat((zeros, x[..., ::2, ::2], zeros), 1)


def conv_block(x: Tensor, state: State, stride: int) -> Tensor:
    y = norm(mean_abs_conv(sign(x), state["body.0.weight"], stride), state, "body.1")
    return functional.hardtanh(y + (pad(x) if stride == 2 else x))


def block(x: Tensor, state: State, stride: int) -> Tensor:
    y = functional.hardtanh(norm(mean_abs_conv(sign(x), state["body.0.weight"], stride), state, "body.1"))
    y = norm(mean_abs_conv(sign(y), state["body.3.weight"]), state, "body.4")
    return functional.hardtanh(y + (pad(x) if stride == 2 else x))


@pytest.mark.parametrize(
    ("around", "index", "stride"), [("conv", 1, 1), ("conv", 6, 2), ("block", 1, 1), ("block", 3, 2)]
)
def test_block(around: str, index: int, stride: int) -> None:
    found = models.create("resnet20", shortcut_around=around).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8)
    expected = (conv_block if around == "conv" else block)(x, state, stride)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-4)


def test_defaults() -> None:
    binary, real = (models.create("resnet20", binary=b) for b in (True, False))
    assert (len(binary.blocks), len(real.blocks)) == (18, 9)
    assert sum(isinstance(m, PadShortcut) for m in real.modules()) == 2


@pytest.mark.parametrize("shortcut", ["pad", "binary", "real"])
@pytest.mark.parametrize("arguments", [{}, {"activation": "prelu", "binarizer": "approx_sign"}, {"binary": False}])
def test_trains_for_a_step(arguments: dict[str, Any], shortcut: str) -> None:
    model = models.create("resnet20", width=0.5, shortcut=shortcut, **arguments)
    check_step(model, size=16)


@pytest.fixture(params=TEACHERS)
def teacher(request: pytest.FixtureRequest) -> tuple[str, State]:
    folder = os.environ.get("SIGNBIT_TEACHERS")
    if not folder:
        pytest.skip("SIGNBIT_TEACHERS is not set: the checkpoints of akamaster/pytorch_resnet_cifar10 are not here")
    path = Path(folder) / TEACHERS[request.param]
    return request.param, torch.load(path, map_location="cpu", weights_only=True)["state_dict"]


def renamed(name: str, state: State) -> dict[str, Tensor]:
    found = {}
    for key, value in state.items():
        module, _, parameter = key.rpartition(".")
        found[f"{CHECKPOINT_NAMES[name][module]}.{parameter}"] = value
    return found


@pytest.mark.parametrize("name", SIZES)
def test_the_names_of_a_checkpoint_are_all_modules(name: str) -> None:
    with torch.device("meta"):
        model = models.create(name, binary=False)
    owners = {key.rpartition(".")[0] for key in model.state_dict()} - {"stem.0"}
    assert owners == set(CHECKPOINT_NAMES[name].values())


@pytest.fixture
def loaded(teacher: tuple[str, State]) -> nn.Module:
    name, state = teacher
    model = models.create(name, binary=False, **IMAGENET).eval()
    normalisation = {key: value for key, value in model.state_dict().items() if key.startswith("stem.0.")}
    model.load_state_dict(renamed(name, state) | normalisation, strict=True)
    return model


def test_published_checkpoint_loads(teacher: tuple[str, State], loaded: nn.Module) -> None:
    _, state = teacher
    ours = loaded.state_dict()
    assert torch.equal(ours["stem.1.weight"], state["module.conv1.weight"])
    fifth = "module.layer2.1" if len(loaded.blocks) == 9 else "module.layer1.4"
    assert torch.equal(ours["blocks.4.body.3.weight"], state[f"{fifth}.conv2.weight"])
    assert torch.equal(ours["head.2.bias"], state["module.linear.bias"])


def test_published_checkpoint_classifies(loaded: nn.Module, data_dir: Path) -> None:
    test = data.load("cifar10", data_dir).test
    assert test is not None
    with torch.no_grad():
        right = loaded(test.images[:500]).argmax(1) == test.labels[:500]
    assert right.float().mean() > 0.9
