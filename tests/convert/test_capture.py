"""The captured graph: functional, without noise and without the statistics of the batch."""

from __future__ import annotations

import copy
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from converted import FLOATS, Net, branches, norm, operators, same_as_torch, sign
from torch import Tensor, nn
from torch.nn import functional as F

from signbit.convert import convert
from signbit.convert.capture import capture, eval_copy
from signbit.convert.node import operator_name
from signbit.engine import Model
from signbit.errors import ConvertError
from signbit.layers.binary_conv import BinaryConv2d
from signbit.verify import verify

SLOW = pytest.mark.slow  # more members of a kind

# ---- what changes in place, under one name or another


def chunk_changed(n: Any, y: Tensor) -> Tensor:
    one, two = y.chunk(2, 1)
    one.mul_(2)
    two.relu_()
    return y


def split_added(n: Any, y: Tensor) -> Tensor:
    one, two = y.split(4, 1)
    one += two
    return y


def unbound_changed(n: Any, y: Tensor) -> Tensor:
    channels = y.unbind(1)
    channels[0].zero_()
    channels[3].add_(1.5)
    return y


def view_before(n: Any, y: Tensor) -> Tensor:
    view = y.flatten(1)
    y.relu_()
    return view


def swapped(n: Any, y: Tensor) -> Tensor:
    y[:, :4], y[:, 4:] = y[:, 4:].clone(), y[:, :4].clone()
    return y


def swapped_through_an_alias(n: Any, y: Tensor) -> Tensor:
    y[:, :4], y[:, 4:] = y[:, 4:], y[:, :4]  # the second reads what the first has written
    return y


def out_of_another(n: Any, y: Tensor) -> Tensor:
    torch.add(y, 1.5, out=y)
    return y


def new_then_written(n: Any, y: Tensor) -> Tensor:
    z = torch.empty_like(y)
    torch.mul(y, 0.3, out=z)
    return z


def changed_after(alias: Any) -> Any:
    def body(n: Any, y: Tensor) -> Tensor:
        alias(n, y).relu_()
        return y * 2 - 1

    return body


ALIASES = [
    lambda n, y: F.dropout(y, 0.5, False), lambda n, y: F.dropout2d(y, 0.5, n.training),
    lambda n, y: F.alpha_dropout(y, 0.5, False), lambda n, y: F.feature_alpha_dropout(y, 0.5, False),
    lambda n, y: F.dropout(y, 0.5, False, inplace=True), lambda n, y: nn.Dropout(0.3).eval()(y),
    lambda n, y: nn.Identity()(y), lambda n, y: y.contiguous(), lambda n, y: y.reshape(y.shape),
    lambda n, y: y.view(-1, 8, 6, 6), lambda n, y: y.to(torch.float32), lambda n, y: y.float(), lambda n, y: y.detach(),
    lambda n, y: y.type_as(n.rows), lambda n, y: y.squeeze(), lambda n, y: y.expand_as(y), lambda n, y: y[:],
    lambda n, y: y[:, :4], lambda n, y: y.transpose(1, 2), lambda n, y: y.permute(0, 2, 3, 1), lambda n, y: y[:, ::2],
    lambda n, y: y.unflatten(1, (2, 4)), lambda n, y: torch.ops.aten.alias(y),
]  # fmt: skip
CHANGES = [
    chunk_changed, split_added, view_before, swapped, swapped_through_an_alias, out_of_another,
    new_then_written, lambda n, y: y.clamp_(-2.5, 2), lambda n, y: y.sub_(n.rows, alpha=2),
    lambda n, y: y.detach_() * 1,
    lambda n, y: y.unsqueeze(1).squeeze_(1), lambda n, y: y.transpose_(2, 3).transpose_(2, 3), lambda n, y: F.relu_(y),
    lambda n, y: y.mul_(y), lambda n, y: F.hardtanh_(y), lambda n, y: F.leaky_relu_(y, 0.3),
    lambda n, y: y.copy_(y * 2),
    lambda n, y: nn.ReLU(inplace=True)(y) - 1,
]  # fmt: skip


@pytest.mark.parametrize("bodies", [CHANGES, [changed_after(alias) for alias in ALIASES]], ids=["changes", "aliases"])
@pytest.mark.parametrize("given", ["integers", "real"])
def test_in_place_changes_are_seen_under_every_name(bodies: list[Any], given: str) -> None:
    same_as_torch(Net(branches(*bodies), given), exact=given == "integers")


def test_parts_of_an_unbound_tensor_that_are_changed() -> None:
    same_as_torch(Net(unbound_changed, "integers"))
    same_as_torch(Net(unbound_changed, "real"), exact=False)
    with pytest.raises(ConvertError, match="any number of images"):  # torch.export fixes their number there
        convert(Net(lambda n, y: unbound_changed(n, y).flatten(1), "integers"), FLOATS)


def test_a_slice_that_is_assigned_to() -> None:
    def assigned(change: Any) -> Any:
        def body(n: Any, y: Tensor) -> Tensor:
            change(n, y)
            return y

        return body

    changes: list[Any] = [
        lambda n, y: y.__setitem__((slice(None), slice(0, 4)), 0), lambda n, y: y[:, 3].fill_(2.5),
        lambda n, y: y.__setitem__((slice(None), 1), y[:, 2]), lambda n, y: y[:, ::2].mul_(0.5),
        lambda n, y: y.__setitem__((slice(None), slice(1, 3)), n.rows[:2]), lambda n, y: y[:, 2:5].add_(1.25),
        lambda n, y: y[:, :2].copy_(n.second_norm(y)[:, 4:6]), lambda n, y: y[:, 1:7][:, 1:3].zero_(),
    ]  # fmt: skip
    same_as_torch(Net(branches(*map(assigned, changes)), "integers"))
    same_as_torch(Net(branches(*map(assigned, changes)), "real"), exact=False)


def test_operators_that_are_made_of_others() -> None:
    bodies: list[Any] = [
        lambda n, y: torch.hstack([y, y]), lambda n, y: torch.multiply(y, 2), lambda n, y: torch.subtract(y, n.rows),
        lambda n, y: torch.divide(y, 4), lambda n, y: torch.negative(y), lambda n, y: torch.clip(y, -1, 2),
        lambda n, y: torch.fliplr(y), lambda n, y: torch.special.expit(y) * 0, lambda n, y: torch.max(y, n.rows),
        lambda n, y: torch.concat([y, y], 1), lambda n, y: y.repeat_interleave(2, 1),
        lambda n, y: torch.tile(y, (2, 1, 1)),
    ]  # fmt: skip
    found = same_as_torch(Net(branches(*bodies), "integers"))
    assert not operators(found) & {"aten::hstack", "aten::multiply", "aten::clip", "aten::tile"}


# ---- noise, and the statistics of the batch

TORCHS_NOISE: list[Any] = [
    lambda n, y: F.dropout(y), lambda n, y: F.dropout(y, 1.0), lambda n, y: F.dropout1d(y.flatten(2)),
    lambda n, y: F.dropout2d(y), lambda n, y: F.dropout3d(y.unsqueeze(2)),
    lambda n, y: F.alpha_dropout(y, training=True),
    lambda n, y: F.feature_alpha_dropout(y, training=True), lambda n, y: torch.native_dropout(y, 0.5, True)[0],
    lambda n, y: torch.dropout_(y.clone(), 0.5, True), lambda n, y: torch.bernoulli(y.sigmoid()),
    lambda n, y: y * torch.empty_like(y).bernoulli_(0.5), lambda n, y: y.bernoulli(0.5),
    lambda n, y: y + torch.rand_like(y), lambda n, y: y + torch.randn_like(y), lambda n, y: torch.normal(y, 1.0),
    lambda n, y: y + torch.zeros(8, 1, 1).normal_(), lambda n, y: y + torch.empty(1).uniform_(),
    lambda n, y: y + torch.zeros(8, 1, 1).exponential_(), lambda n, y: y + torch.zeros(8, 1, 1).cauchy_(),
    lambda n, y: y + torch.randint(0, 5, (8, 1, 1)), lambda n, y: y[:, torch.randperm(8)],
    lambda n, y: y * torch.rand(1), lambda n, y: y + torch.randn(8, 1, 1),
    lambda n, y: y * torch.bernoulli(torch.full((8, 1, 1), 0.5)),
    lambda n, y: y[:, torch.multinomial(torch.ones(8), 4)],
    lambda n, y: y + torch.poisson(torch.ones(8, 1, 1)), lambda n, y: y * (torch.rand(8, 1, 1) < 0.5),
    lambda n, y: (torch.manual_seed(0), y + torch.rand(8, 1, 1))[1], lambda n, y: F.rrelu(y, training=True),
    lambda n, y: y * torch.empty([len(y), 1, 1, 1]).bernoulli_(0.8), lambda n, y: F.gumbel_softmax(y, dim=1),
    lambda n, y: y + (y if torch.rand(1).item() < 0.5 else 0), lambda n, y: y + torch.rand(1).item(),
]  # fmt: skip
NEVER = np.random.default_rng(0)
OTHER_NOISE: list[Any] = [
    lambda n, y: y + random.random(), lambda n, y: y if random.random() < 0.001 else y * 2,
    lambda n, y: y[:, random.sample(range(8), 8)], lambda n, y: y + float(np.random.rand()),  # noqa: NPY002
    lambda n, y: y + torch.from_numpy(np.random.randn(8, 1, 1)).float(),  # noqa: NPY002
    lambda n, y: y + float(NEVER.random()),
]  # fmt: skip


@pytest.mark.parametrize("body", TORCHS_NOISE[:9] + [pytest.param(body, marks=SLOW) for body in TORCHS_NOISE[9:]])
def test_torchs_random_numbers_are_refused(body: Any) -> None:
    with pytest.raises(ConvertError, match=r"draws random numbers in eval mode.*(training|switch)"):
        convert(Net(lambda n, y: body(n, n.norm(y)), "integers"), FLOATS)


@pytest.mark.parametrize("body", OTHER_NOISE)
def test_random_numbers_of_python_and_numpy_are_refused(body: Any) -> None:
    words = (
        r"draws random numbers in eval mode \(from (Python's random|numpy.random)\)|two different results"
        r"|a different result"
    )
    with pytest.raises(ConvertError, match=words):
        convert(Net(lambda n, y: body(n, n.norm(y)), "integers"), FLOATS)


def test_numbers_are_drawn_from_any_state() -> None:
    """A state that was drawn from may look larger or smaller than before."""
    for seed in range(12):
        random.seed(seed)
        with pytest.raises(ConvertError, match=r"draws random numbers in eval mode \(from Python's random"):
            convert(Net(lambda n, y: y if random.random() < 2 else -y, "integers"), FLOATS)


def test_the_callers_generators_are_left_alone() -> None:
    def noisy(n: Any, y: Tensor) -> Tensor:
        return F.dropout(y, random.random() * np.random.rand())  # noqa: NPY002

    net = Net(noisy, "integers")
    torch.manual_seed(3)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[2]  # noqa: NPY002
    with pytest.raises(ConvertError, match="draws random numbers"):
        convert(net, FLOATS)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), np.random.get_state()[2]) == before[1:]  # noqa: NPY002


@contextmanager
def doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


SETTINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "default device": lambda: torch.device("meta"),
    "default dtype": doubles,
    "inference mode": torch.inference_mode,
    "gradients": torch.enable_grad,
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_callers_settings_change_nothing(setting: str) -> None:
    net = Net(lambda n, y: n.second_norm(n.other(sign(y))) + n.rows, "real")
    wanted = convert(net, FLOATS).to_bytes()
    with SETTINGS[setting]():
        found = convert(net, FLOATS).to_bytes()
        assert verify(net, Model.from_bytes(found), FLOATS).ok
    assert found == wanted


def test_what_only_draws_in_training_converts() -> None:
    parts = {"drop": nn.Dropout(0.5), "alpha": nn.AlphaDropout(0.5), "feature": nn.FeatureAlphaDropout(0.5),
             "two": nn.Dropout2d(0.5), "rrelu": nn.RReLU()}  # fmt: skip
    calls = [lambda n, y, name=name: n.parts[name](y) for name in parts]
    calls += [lambda n, y: F.dropout(y, 0.5, n.training), lambda n, y: F.dropout(y, 0.0), lambda n, y: F.rrelu(y)]
    same_as_torch(Net(branches(*calls), "integers", **parts))
    same_as_torch(Net(branches(*calls), "real", **parts), exact=False)


def own(n: Any) -> dict[str, Any]:
    layer = n.second_norm
    return {"running_mean": layer.running_mean, "running_var": layer.running_var, "weight": layer.weight}


STATISTICS: dict[str, tuple[Any, str]] = {
    "training=True": (
        lambda n, y: F.batch_norm(y, **own(n), training=True),
        r"statistics of the batch \(training=True",
    ),
    "without any": (
        lambda n, y: F.batch_norm(y, None, None, training=True),
        "use a batch norm with running statistics",
    ),
    "not tracked": (lambda n, y: n.parts["not_tracked"](y), r"module 'parts.not_tracked'.*with running statistics"),
    "instance norm": (lambda n, y: n.parts["instance"](y), r"module 'parts.instance'.*use nn.BatchNorm2d"),
    "tracked instance norm": (lambda n, y: n.parts["tracked"](y), r"module 'parts.tracked'.*use nn.BatchNorm2d"),
    "F.instance_norm": (lambda n, y: F.instance_norm(y), "use nn.BatchNorm2d"),
    "group norm": (lambda n, y: F.group_norm(y, 4), "use nn.BatchNorm2d"),
    "layer norm": (lambda n, y: F.layer_norm(y, [8, 6, 6]), "use nn.BatchNorm2d"),
    "RMS norm": (lambda n, y: F.rms_norm(y, [8, 6, 6]), "use nn.BatchNorm2d"),
    "by hand": (lambda n, y: (y - y.mean((0, 2, 3), keepdim=True)) / y.std(), "no op for aten::mean"),
    "by var_mean": (lambda n, y: y - torch.var_mean(y, (2, 3), keepdim=True)[1], "no op for aten::var_mean"),
    "the largest of the batch": (
        lambda n, y: y - y.amax(0, keepdim=True),
        "moves or merges the batch|only supports all pixels",
    ),
    "the largest of all": (lambda n, y: y - y.max(), "no op for aten::max"),
    "F.normalize": (lambda n, y: F.normalize(y), "no op for aten::linalg_vector_norm.*use nn.BatchNorm2d"),
    "local response norm": (lambda n, y: F.local_response_norm(y, 3), "no op|does not support|joins"),
    "softmax": (lambda n, y: y.softmax(1), "no op for aten::softmax.*return the logits"),
}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("given", ["integers", pytest.param("real", marks=SLOW)])
def test_statistics_of_images_are_refused(name: str, given: str) -> None:
    body, words = STATISTICS[name]
    parts = {"not_tracked": nn.BatchNorm2d(8, track_running_stats=False), "instance": nn.InstanceNorm2d(8),
             "tracked": nn.InstanceNorm2d(8, affine=True, track_running_stats=True)}  # fmt: skip
    with pytest.raises(ConvertError, match=words):
        convert(Net(body, given, **parts), FLOATS)


def test_batch_norms_with_running_statistics() -> None:
    parts = {"sync": nn.SyncBatchNorm(8), "mean": nn.BatchNorm2d(8, momentum=None),
             "plain": nn.BatchNorm2d(8, affine=False), "fixed": nn.BatchNorm2d(8)}  # fmt: skip
    parts["fixed"].weight.requires_grad_(False)
    calls = [lambda n, y, name=name: n.parts[name](y) for name in parts]
    calls += [
        lambda n, y: F.batch_norm(y, **own(n)),
        lambda n, y: F.batch_norm(y, **own(n), training=n.training, eps=0.1),
    ]
    same_as_torch(Net(branches(*calls), "integers", **parts))
    same_as_torch(Net(branches(*calls), "real", **parts), exact=False)


def test_a_variance_of_zero_is_one_and_a_negative_one_is_none() -> None:
    for given, exact in (("integers", True), ("real", False)):
        net = Net(lambda n, y: n.second_norm(y), given)
        net.second_norm.running_var[2] = 0
        same_as_torch(net, exact=exact)
    net.second_norm.running_var[2:4] = -1e-6
    with pytest.raises(ConvertError, match="2 running variances are negative; the checkpoint is damaged"):
        convert(net, FLOATS)


def test_what_a_batch_norm_gives_has_its_name() -> None:
    """Torch's operator gives three results, of which the network takes the first."""
    found = convert(Net(lambda n, y: n.second_norm(y), "integers"), FLOATS)
    assert [tensor.name for tensor in found.model.tensors][-1].startswith("batch_norm")


# ---- the module and its copy


def test_the_copy_is_in_eval_mode_and_the_module_is_not_changed() -> None:
    net = nn.Sequential(BinaryConv2d(8, 8, 3), norm(8), nn.Dropout()).train()
    before = copy.deepcopy(net.state_dict())
    assert not eval_copy(net).training
    convert(net, FLOATS)
    assert net.training
    assert net[0].training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_constants_are_computed_once_and_dead_code_is_gone() -> None:
    def body(n: Any, y: Tensor) -> Tensor:
        y.sin()
        return y * n.rows.exp().abs()

    graph = capture(Net(body, "image"), FLOATS)
    assert [operator_name(node) for node in graph.nodes] == ["aten::mul"]


def test_any_number_of_images_and_any_order_in_memory() -> None:
    net = Net(lambda n, y: n.second_norm(n.product(y)).flatten(1), "image")
    graph = capture(net, FLOATS[:1])
    for images in (FLOATS, FLOATS[:1], FLOATS[:3].contiguous(memory_format=torch.channels_last)):
        with torch.no_grad():
            assert torch.equal(graph.run(images)[graph.output], net(images.contiguous()))


@pytest.mark.parametrize(
    "images",
    [
        FLOATS[:1], FLOATS.contiguous(memory_format=torch.channels_last), FLOATS.transpose(2, 3),
        FLOATS.clone().requires_grad_(), nn.Parameter(FLOATS.clone()), FLOATS * float("nan"), FLOATS * 0,
    ],
)  # fmt: skip
def test_examples_that_are_taken(images: Tensor) -> None:
    net = nn.Sequential(BinaryConv2d(8, 8, 3), norm(8)).eval()
    wanted = convert(net, FLOATS).to_bytes()
    assert convert(net, images).to_bytes() == wanted


VALUES: dict[str, Any] = {
    "branch": lambda n, y: y if y.sum() > 0 else y * 2,
    "number": lambda n, y: y * float(y.amax()),
    "loop": lambda n, y: sum(y for _ in range(int(y.amax()))),
    "shape": lambda n, y: y * y[y > 0].sum(),
    "numpy": lambda n, y: torch.from_numpy(y.detach().numpy() * 2),
    "list": lambda n, y: y * sum(y[0, 0, 0].tolist()),
}


@pytest.mark.parametrize("kind", VALUES)
def test_what_depends_on_values_is_refused_and_torch_prints_nothing(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConvertError) as caught:
        convert(Net(VALUES[kind], "image"), FLOATS)
    assert type(caught.value) is ConvertError
    assert capfd.readouterr() == ("", "")


def test_torchs_logs_are_as_before(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.root.manager.disable
    with pytest.raises(ConvertError):
        convert(Net(VALUES["branch"], "image"), FLOATS)
    assert logging.root.manager.disable == before
