"""Operators on each element: between a product and a sign torch's own for every integer; by steps in real values."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from calls import HAS_NONE_ALONE, POINTWISE, TAKEN_APART
from converted import FLOATS, PIXELS, Net, branches, in_groups, operators, same_as_torch, sign

from signbit.convert import convert, lower
from signbit.convert.capture import capture
from signbit.convert.lowering import Lowering
from signbit.convert.pointwise import Pointwise
from signbit.errors import ConvertError

RULES = {name: rule for name in lower.names() if isinstance(rule := lower.rule_in(name), Pointwise)}
WITH_STEPS = [name for name in POINTWISE if RULES[name].has_step]
CAST_OR_POLE = {"to_copy", "div", "reciprocal"}  # refused, or so steep that no bound of the test's own holds
ALONE = [name for name in POINTWISE if not RULES[name].has_step and name not in HAS_NONE_ALONE]


def bodies(names: list[str]) -> list[Any]:
    return [call for name in names for call in POINTWISE[name]]


def test_every_operator_has_a_call() -> None:
    assert sorted(POINTWISE) == sorted(RULES)


@pytest.mark.parametrize("names", in_groups(list(POINTWISE), 27), ids=lambda names: f"{names[0]} to {names[-1]}")
def test_between_a_product_and_a_sign_every_integer_gives_torchs_sign(names: list[str]) -> None:
    net = Net(branches(*bodies(names), then=sign), "integers")
    found = same_as_torch(net)
    missing = {RULES[name].operator for name in names if name not in TAKEN_APART} - operators(found)
    assert missing == set()
    kinds = {op.kind for op in found.model.ops}
    assert "pointwise" not in kinds or kinds <= {"binary_conv", "threshold", "pointwise", "concat", "flatten"}
    assert found.warnings == []


@pytest.mark.parametrize("names", in_groups(WITH_STEPS, 18), ids=lambda names: f"{names[0]} to {names[-1]}")
def test_steps_give_what_torch_gives(names: list[str]) -> None:
    calls = [call for name in names if name not in CAST_OR_POLE for call in POINTWISE[name]]
    calls += [lambda n, y: y / (n.rows + 3), lambda n, y: 2 / (y * y + 1), lambda n, y: torch.reciprocal(y * y + 1)]
    found = same_as_torch(Net(branches(*calls), "real"), exact=False)
    assert {RULES[name].operator for name in names} - {"aten::_to_copy"} <= operators(found)


def test_the_cast_of_an_image() -> None:
    casts = [lambda n, x: x.float() / 255, lambda n, x: x.to(torch.float32), lambda n, x: x.type_as(n.rows) - 0.5]
    same_as_torch(Net(branches(*casts), "image"), PIXELS, exact=False)


def refusals(net: Net) -> dict[str, str]:
    """What is said of each node of a network that cannot be lowered, by operator; those that need it are left out."""
    lowering = Lowering(capture(net, FLOATS))
    found: dict[str, str] = {}
    for node in lowering.graph.nodes:
        if all(each in lowering._known or each in lowering.graph.constants for each in node.all_input_nodes):
            try:
                lowering._known[node] = lowering._lower(node)
            except ConvertError as error:
                found.setdefault(node.target._schema.name, str(error))  # type: ignore[union-attr]
    return found


def test_in_real_values_what_has_no_step_is_refused_with_what_to_use_instead() -> None:
    said = refusals(Net(branches(*bodies(ALONE)), "real"))
    for name in set(ALONE) - TAKEN_APART:
        rule = RULES[name]
        if name.startswith(("bitwise", "dunder")):
            assert "a cast of torch.float32 to torch.int32" in said["aten::_to_copy"]
            continue
        assert f"the engine does not support {rule.operator} on real values" in said[rule.operator]
        assert (f"use {rule.instead}" if rule.instead else "It supports add, sub, mul") in said[rule.operator]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda n, y: torch.div(y, 3, rounding_mode="floor"), "rounding_mode='floor' .* Divide without rounding_mode"),
        (lambda n, y: torch.div(y, 3, rounding_mode="trunc"), "rounding_mode='trunc' .* Divide without rounding_mode"),
        (lambda n, y: y + torch.arange(288.0).reshape(1, 8, 6, 6), r"varies over the pixels or images; give one value"),
        (lambda n, y: y * torch.linspace(0, 1, 6), r"varies over the pixels"),
        (lambda n, y: y + torch.linspace(0, 1, y.shape[0] * 8).reshape(-1, 8, 1, 1), "fixed number of images"),
        (lambda n, y: y * y.shape[0], "uses the number of images; each image must be computed on its own"),
        (lambda n, y: y - y.amax((2, 3), keepdim=True), r"of different shapes, \[-1, 8, 6, 6\] and \[-1, 8, 1, 1\]"),
        (lambda n, y: y.double() * 2, "a cast of torch.float32 to torch.float64 on real values"),
        (lambda n, y: y.half().float(), "a cast of torch.float32 to torch.float16"),
        (lambda n, y: (y > 0).float(), "does not support aten::gt .* use nn.ReLU"),
        (lambda n, y: y * torch.full((8, 1, 1), float("nan")), "8 of its constants are NaN"),
        (lambda n, y: torch.where(n.rows > 0, y, n.rows), "does not support aten::where .* use nn.ReLU"),
    ],
)
def test_arguments_of_real_values_that_are_refused(body: Any, words: str) -> None:
    with pytest.raises(ConvertError, match=words):
        convert(Net(body, "real"), FLOATS)


WRAPS: list[Any] = [
    lambda n, x: x - 128, lambda n, x: x + 200, lambda n, x: x * 2, lambda n, x: -x, lambda n, x: 255 - x,
    lambda n, x: x // 2, lambda n, x: x % 7, lambda n, x: x.clamp(10, 100), lambda n, x: x.clamp(max=100),
    lambda n, x: ~x, lambda n, x: x & 15, lambda n, x: x | 1, lambda n, x: x ^ 255, lambda n, x: x >> 2,
    lambda n, x: x << 1, lambda n, x: x**2, lambda n, x: x + x, lambda n, x: x * x, lambda n, x: torch.relu(x),
    lambda n, x: torch.maximum(x, x.flip(1)), lambda n, x: x.abs(), lambda n, x: x.clone().add_(100),
    lambda n, x: x - torch.tensor([1, 2, 3], dtype=torch.uint8).view(3, 1, 1), lambda n, x: x + torch.tensor(3),
    lambda n, x: torch.sub(x, x.roll(1, 1)), lambda n, x: torch.rsub(x, 255), lambda n, x: x.square(),
]  # fmt: skip


@pytest.mark.parametrize("body", WRAPS[:6] + [pytest.param(body, marks=pytest.mark.slow) for body in WRAPS[6:]])
def test_arithmetic_of_bytes_wraps_and_is_refused(body: Any) -> None:
    net = Net(lambda n, x: body(n, x).float(), "image")
    with pytest.raises(ConvertError, match=r"on uint8 wraps around at 256 in torch; call \.float\(\) on the image"):
        convert(net, PIXELS)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64, torch.float16, torch.float64, torch.bool])
def test_casts_of_bytes_are_refused(dtype: torch.dtype) -> None:
    with pytest.raises(ConvertError, match=f"a cast of torch.uint8 to {dtype} on real values"):
        convert(Net(lambda n, x: x.to(dtype).float(), "image"), PIXELS)


def test_numbers_of_another_type_make_floats_of_bytes() -> None:
    mean, deviation = torch.tensor([120.0, 110, 100]).view(1, 3, 1, 1), torch.tensor([60.0, 61, 62]).view(3, 1, 1)
    calls = [lambda n, x: x / 255, lambda n, x: x - 0.5, lambda n, x: x * 0.5 + 1, lambda n, x: 1 - x / 255,
             lambda n, x: (x - mean) / deviation, lambda n, x: x.clamp(10.5, 100.5)]  # fmt: skip
    same_as_torch(Net(branches(*calls), "image"), PIXELS, exact=False)


def test_an_operator_of_more_operands_than_one_op_takes() -> None:
    def many(n: Any, y: Any) -> Any:
        parts = [n.norm(n.product(y)) * (1 + number) for number in range(3)]
        return sum(n.conv(part) + part for part in parts * 8)

    same_as_torch(Net(many, "image"), exact=False)


def test_a_constant_for_each_pixel_may_be_the_same_for_all() -> None:
    calls = [lambda n, y: y + torch.ones(1, 8, 6, 6), lambda n, y: y * (torch.ones(8, 6, 6) * n.rows),
             lambda n, y: torch.maximum(y, torch.full((6, 6), 0.5)), lambda n, y: y - torch.ones(6)]  # fmt: skip
    same_as_torch(Net(branches(*calls, then=sign), "integers"))
    same_as_torch(Net(branches(*calls), "real"), exact=False)


@pytest.mark.slow
def test_a_chain_longer_than_one_op_takes() -> None:
    def long(n: Any, y: Any) -> Any:
        for step in range(90):
            y = (y * 1.001).clamp(-100, 100) + 0.001 * step
        return y

    same_as_torch(Net(long, "real"), exact=False)
    same_as_torch(Net(lambda n, y: sign(long(n, y) - 12.5), "integers"))
