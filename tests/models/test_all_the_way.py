"""Every network goes all the way: a step, a state, export, compile, DDP, autocast, and the engine or a reason."""

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from every_network import build, gradients, loss_of, pixels, trained
from torch import Tensor, nn

from signbit import models
from signbit.binarizers import Binarizer
from signbit.convert import convert
from signbit.engine import Model
from signbit.errors import ConvertError
from signbit.metrics import count_costs
from signbit.verify import verify

NO_GRADIENT: dict[str, dict[str, str]] = {}
"""Parameters that a first step does not move, by network, each with its reason."""

REFUSED = {
    "reactnet18": "aten::avg_pool2d",
    "reactnet34": "aten::avg_pool2d",
}
"""Networks that the engine cannot run yet, and the first op it lacks."""

INDUCTOR = ("binarynet", "reactnet18")
SOON_COMPILED = 10  # layers; torch takes about half a second for each


def is_deep(name: str) -> bool:
    with torch.device("meta"):
        return len(count_costs(build(name), pixels(1).to("meta")).layers) > SOON_COMPILED


def shallow_ones_are_quick() -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) if is_deep(name) else name for name in models.names()]


every_network = pytest.mark.parametrize("name", models.names())


@every_network
def test_trains_for_a_step(name: str) -> None:
    model = build(name)
    found = gradients(model, pixels(8))
    assert all(bool(torch.isfinite(grad).all()) for grad in found.values())
    still = {parameter for parameter, _ in model.named_parameters() if not found.get(parameter, torch.zeros(1)).any()}
    assert still == set(NO_GRADIENT.get(name, {}))


@every_network
def test_survives_its_state(name: str) -> None:
    first, second, images = trained(name), build(name, seed=1).eval(), pixels(3)
    with torch.no_grad():
        assert not torch.equal(first(images), second(images))
        second.load_state_dict(first.state_dict(), strict=True)
        assert torch.equal(first(images), second(images))


@every_network
def test_exports(name: str) -> None:
    model = trained(name)
    with torch.no_grad():
        program = torch.export.export(model, (pixels(2),), dynamic_shapes=({0: torch.export.Dim.AUTO},))
        assert torch.equal(program.module()(pixels(5)), model(pixels(5)))


@pytest.mark.parametrize("name", shallow_ones_are_quick())
def test_compiles(name: str) -> None:
    """A step of the compiled network, without a break of its graph, is that of the network itself."""
    torch.compiler.reset()
    wanted = gradients(build(name), pixels(4))
    found = gradients(torch.compile(build(name), backend="aot_eager", fullgraph=True), pixels(4))
    found = {parameter.removeprefix("_orig_mod."): grad for parameter, grad in found.items()}
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", INDUCTOR)
def test_compiles_to_machine_code(name: str) -> None:
    """Forwards alone: a norm that is computed in another order may turn a sign, and gradients multiply that."""
    torch.compiler.reset()
    model = trained(name)
    with torch.no_grad():
        found = torch.compile(model, backend="inductor", fullgraph=True)(pixels(4))
        torch.testing.assert_close(found, model(pixels(4)), rtol=1e-3, atol=1e-3)


@functools.cache
def ddp_report(folder: Path) -> list[str]:
    script = Path(__file__).with_name("ddp_gradients.py")
    subprocess.run([sys.executable, str(script), str(folder), *models.names()], check=True)
    return [(folder / f"rank{rank}").read_text() for rank in range(2)]


@pytest.fixture(scope="module")
def ddp_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ddp")


@every_network
def test_ddp_gives_both_processes_the_mean_gradient(name: str, ddp_folder: Path) -> None:
    count = len(list(build(name).parameters())) - len(NO_GRADIENT.get(name, {}))
    for report in ddp_report(ddp_folder):
        lines = [line for line in report.splitlines() if line.startswith(f"{name}: ")]
        assert lines == [f"{name}: ok, {count} gradients"]


@every_network
def test_autocast_keeps_signs_and_masks(name: str) -> None:
    model, seen = build(name), list[tuple[str, Binarizer, Tensor, Tensor]]()

    def note(path: str) -> Any:
        return lambda module, inputs, codes: seen.append((path, module, inputs[0].detach(), codes.detach()))

    for path, module in model.named_modules():
        if isinstance(module, Binarizer):
            module.register_forward_hook(note(path))
    with torch.autocast("cpu", torch.bfloat16):
        loss = loss_of(model, pixels(8))
    loss.backward()
    assert bool(torch.isfinite(loss))
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in model.parameters())
    for path, binarizer, x, codes in seen:
        z = binarizer.latent(x.float())
        assert torch.equal(codes.float(), torch.where(z >= 0, 1.0, -1.0)), path
        masks = [binarizer.gradient(given) != 0 for given in (binarizer.latent(x), z)]
        assert torch.equal(*masks), path
    assert seen or not any(isinstance(m, Binarizer) for m in model.modules())


@every_network
def test_converts_and_verifies_or_says_why_not(name: str) -> None:
    model, images = trained(name), pixels(4)
    if name in REFUSED:
        with pytest.raises(ConvertError, match=r"module '[\w.]+'.*; ") as refused:
            convert(model, images)
        assert REFUSED[name] in str(refused.value)
        path = str(refused.value).split("'")[1]
        assert isinstance(model.get_submodule(path), nn.Module)
        return
    engine = Model.from_bytes(convert(model, images).to_bytes())
    found = verify(model, engine, images)
    assert found.ok, found.errors
    assert found.images >= len(images)


def test_the_tables_name_networks() -> None:
    assert {*NO_GRADIENT, *REFUSED, *INDUCTOR} <= set(models.names())
