"""Every network goes all the way: a step, a state, export, compile, DDP, autocast, and the engine or a reason."""

import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from every_network import build, gradients, loss_of, pixels, trained
from torch import Tensor, nn

from signbit import models
from signbit.binarizers import Binarizer
from signbit.convert import convert
from signbit.convert.capture import Graph, capture
from signbit.convert.lowering import Lowering
from signbit.engine import Model
from signbit.errors import ConvertError
from signbit.metrics import count_costs
from signbit.verify import verify

NO_GRADIENT: dict[str, dict[str, str]] = {}
"""Parameters that a first step does not move, by network, each with its reason."""

_LACKED_BY = {
    "aten::adaptive_avg_pool2d": (
        "aresbnet10", "aresbnet18", "aresbnet34", "binary_resnet18", "binary_resnet34", "binarydensenet28",
        "binarydensenet37", "binarydensenet37_dilated", "binarydensenet45", "binarynet_resnet18", "quicknet_small",
        "quicknet_base", "quicknet_large", "resnet18", "resnet20", "resnet34", "resnet56", "wrn22", "xnornet_resnet18",
    ),
    "aten::avg_pool2d": (
        "birealnet18", "birealnet34", "birealnet50", "bnfree_reactnet18", "bnfree_reactnet_a", "reactnet18",
        "reactnet34", "reactnet_a", "reactnet_b", "reactnet_c", "resnete18", "xnornet_nin",
    ),
    "aten::group_norm": ("presbnet10", "presbnet18", "presbnet34"),
    "aten::mean": ("bnext_t", "bnext_s", "bnext_m", "bnext_l", "bnext18", "real_to_binary18"),
}  # fmt: skip
REFUSED = {name: op for op, names in _LACKED_BY.items() for name in names}
"""Networks that the engine cannot run yet, and the first op it lacks."""

INDUCTOR = ("binarynet", "reactnet18")
SEEDS = 8  # a narrow gate may begin dead (a ReLU that no image of the batch passes), but not by every seed
QUICKLY_COMPILED = 10  # layers; torch takes half a second for each

first_of_families = {models.family_of(name): name for name in reversed(models.names())}.values()


def layers(name: str) -> int:
    with torch.device("meta"):
        return len(count_costs(build(name), pixels(1).to("meta")).layers)


def slow_unless(quick: Callable[[str], bool]) -> pytest.MarkDecorator:
    """Every network; capturing all sizes of a family shows what one of them does not, but takes long."""
    marked = [name if quick(name) else pytest.param(name, marks=pytest.mark.slow) for name in models.names()]
    return pytest.mark.parametrize("name", marked)


every_network = pytest.mark.parametrize("name", models.names())
first_ones_are_quick = slow_unless(lambda name: name in first_of_families)


@functools.cache
def captured(name: str) -> Graph:
    """By torch.export, in eval mode, for any number of images; what `convert` and `verify` begin with."""
    return capture(trained(name), pixels(2))


@every_network
def test_trains_for_a_step(name: str) -> None:
    still = {parameter for parameter, _ in build(name).named_parameters()}
    for seed in range(SEEDS):
        found = gradients(build(name, seed), pixels(8, seed))
        assert all(bool(torch.isfinite(grad).all()) for grad in found.values())
        still -= {parameter for parameter, grad in found.items() if grad.any()}
        if still == set(NO_GRADIENT.get(name, {})):
            return
    raise AssertionError(f"no gradient by any of {SEEDS} seeds: {still}; expected: {NO_GRADIENT.get(name, {})}")


@every_network
def test_survives_its_state(name: str) -> None:
    first, second, images = trained(name), build(name, seed=1).eval(), pixels(3)
    with torch.no_grad():
        assert not torch.equal(first(images), second(images))
        second.load_state_dict(first.state_dict(), strict=True)
        assert torch.equal(first(images), second(images))


@first_ones_are_quick
def test_exports(name: str) -> None:
    graph, images = captured(name), pixels(5)
    with torch.no_grad():
        assert torch.equal(graph.run(images)[graph.output], trained(name)(images))


@first_ones_are_quick
def test_converts_and_verifies_or_says_why_not(name: str) -> None:
    model, images = trained(name), pixels(4)
    if name in REFUSED:
        with pytest.raises(ConvertError, match=r"module '[\w.]+'.*; ") as refused:
            Lowering(captured(name)).run()
        assert REFUSED[name] in str(refused.value)
        path = str(refused.value).split("'")[1]
        assert isinstance(model.get_submodule(path), nn.Module)
        return
    conversion = convert(model, images[:2])
    engine = Model.from_bytes(conversion.to_bytes())
    found = verify(model, engine, images, conversion=conversion)
    assert found.ok, found.errors
    assert found.images >= len(images)


@slow_unless(lambda name: name in first_of_families and layers(name) <= QUICKLY_COMPILED)
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


@pytest.fixture(scope="module")
def ddp_reports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What both processes say of every network that is tested: all of them in one start of the processes."""
    script, folder = Path(__file__).with_name("ddp_gradients.py"), tmp_path_factory.mktemp("ddp")
    items = [item for item in request.session.items if "ddp_reports" in getattr(item, "fixturenames", ())]
    names = [item.callspec.params["name"] for item in items]
    subprocess.run([sys.executable, str(script), str(folder), *names], check=True)
    return [(folder / f"rank{rank}").read_text().splitlines() for rank in range(2)]


@first_ones_are_quick
def test_ddp_gives_both_processes_the_mean_gradient(name: str, ddp_reports: list[list[str]]) -> None:
    count = len(list(build(name).parameters())) - len(NO_GRADIENT.get(name, {}))
    for report in ddp_reports:
        assert [line for line in report if line.startswith(f"{name}: ")] == [f"{name}: ok, {count} gradients"]


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


def test_the_tables_name_networks() -> None:
    assert {*NO_GRADIENT, *REFUSED, *INDUCTOR} <= set(models.names())
