"""What a rule is told of a call, and that an argument that no rule reads is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import fx

from signbit.convert.rule import BatchSize, Call, Refused, Result, Rule


class Add(Rule):
    """Reads two arguments of three."""

    operator = "aten::add"
    arguments = {"self": "any", "other": "any"}  # noqa: RUF012
    words = "nothing"

    def lower(self, call: Call, lowering: Any) -> Result:
        raise AssertionError


class MaxPool(Add):
    """Reads two arguments of six."""

    operator = "aten::max_pool2d"
    arguments = {"self": "any", "kernel_size": "any"}  # noqa: RUF012


class Sized(Add):
    """Takes a number that depends on the number of images."""

    batch_size_arguments = frozenset({"other"})


def call(operator: Any, *arguments: Any, **keywords: Any) -> Call:
    """A call whose first argument is a tensor."""
    graph = fx.Graph()
    node = graph.call_function(operator, (graph.placeholder("x"), *arguments), keywords)
    node.meta["val"] = torch.zeros(2, 3)
    lowering: Any = SimpleNamespace(known=lambda known: known)
    return Call(node, lowering)


ADD, POOL = torch.ops.aten.add.Tensor, torch.ops.aten.max_pool2d.default


def test_arguments_by_name() -> None:
    given = call(ADD, 3.0, alpha=2)
    assert given.operator == "aten::add"
    assert set(given.arguments) == {"self", "other", "alpha"}
    assert (given["other"], given["alpha"]) == (3.0, 2)
    assert call(ADD, 3.0)["alpha"] == 1
    assert "alpha" in given
    assert "beta" not in given
    assert (given.axes, given.dtype) == ((3,), torch.float32)


@pytest.mark.parametrize("alpha", [2, 0, 1.0, True, torch.tensor(1)])
def test_another_value_than_the_default_is_refused(alpha: Any) -> None:
    """Of its type too: torch adds an integer by another rule than a float."""
    given = call(ADD, 3.0, alpha=alpha)
    assert set(given.changed) == {"self", "other", "alpha"}
    with pytest.raises(Refused, match=r"aten::add with alpha=.* is not supported; .* are self, other"):
        Add().check(given)


def test_the_default_may_be_given() -> None:
    Add().check(call(ADD, 3.0, alpha=1))
    MaxPool().check(call(POOL, [2, 2], [], [0, 0], [1, 1], False))
    MaxPool().check(call(POOL, [2, 2], (), (0, 0)))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(([2, 2], [2, 2]), "stride"), (([2, 2], [], [1, 1]), "padding"), (([2, 2], [], [0, 0], [1, 2]), "dilation"),
     (([2, 2], [], [0, 0], [1, 1], True), "ceil_mode")],
)  # fmt: skip
def test_the_argument_is_named(arguments: tuple[Any, ...], name: str) -> None:
    with pytest.raises(Refused, match=f"max_pool2d with {name}="):
        MaxPool().check(call(POOL, *arguments))


def test_the_number_of_images_is_for_shapes_alone() -> None:
    given = call(ADD, BatchSize(2))
    with pytest.raises(Refused, match="uses the number of images; each image must be computed on its own"):
        Add().check(given)
    Sized().check(given)
    MaxPool().check(call(POOL, [2, 2]))
    with pytest.raises(Refused, match="max_pool2d uses the number of images"):
        MaxPool().check(call(POOL, [2, BatchSize(2)]))
