"""Optimizers by role, and the clamp of latent weights."""

import importlib
import inspect

import pytest
import torch
from torch import nn

from signbit import optim
from signbit.layers import BinaryLinear, parameter_roles
from signbit.optim.clamp_latent import clamp_latent
from signbit.optim.groups import parameter_groups


def model() -> nn.Sequential:
    return nn.Sequential(BinaryLinear(4, 4, bias=True), nn.BatchNorm1d(4), nn.Linear(4, 2))


def test_names() -> None:
    assert optim.names() == ["adam", "adamw", "sgd"]
    with pytest.raises(ValueError, match="no 'lion'; there are adam, adamw, sgd"):
        optim.create("lion", [], lr=1.0)


def test_groups_by_role() -> None:
    net = model()
    net[2].bias.requires_grad_(False)
    groups = parameter_groups(net.named_parameters(), parameter_roles(net), {"real": 0.1, "norm": 0.2})
    found = {g["role"]: (len(g["params"]), g["weight_decay"]) for g in groups}
    assert found == {"latent_weight": (1, 0.0), "norm": (2, 0.2), "real": (2, 0.1)}


@pytest.mark.parametrize("name", optim.names())
def test_steps(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    net = model()
    groups = parameter_groups(net.named_parameters(), parameter_roles(net), {"real": 0.1})
    optimizer = optim.create(name, groups, lr=0.1)
    before = [p.detach().clone() for p in net.parameters()]
    net(torch.randn(8, 4)).square().sum().backward()
    optimizer.step()
    assert all(not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True) if b.grad.any())
    assert "Source:" in (inspect.getdoc(getattr(importlib.import_module(f"signbit.optim.{name}"), name)) or "")


@pytest.mark.parametrize("limit", [1.0, 1.25])
def test_clamp_touches_latent_weights_alone(limit: float) -> None:
    net = model()
    for p in net.parameters():
        nn.init.constant_(p, -3.0)
    groups = parameter_groups(net.named_parameters(), parameter_roles(net), {})
    clamp_latent([optim.create("sgd", groups, lr=0.1)], limit)
    values = {name: p.unique().tolist() for name, p in net.named_parameters()}
    assert values.pop("0.weight") == [-limit]
    assert all(value == [-3] for value in values.values())
