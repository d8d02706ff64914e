"""A model file in the making."""

from __future__ import annotations

from typing import Any

import pytest
from torch import fx

from signbit.convert import draft
from signbit.modelfile.ops.concat import Concat


@pytest.fixture
def node() -> fx.Node:
    return fx.Graph().placeholder("x")


@pytest.mark.parametrize(
    ("tensors", "joins"),
    [
        (1, []),
        (2, [[0, 1]]),
        (3, [[0, 1, 2]]),
        (4, [[0, 1, 2], [4, 3]]),
        (8, [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9, 10]]),
        (10, [[0, 1, 2], [3, 4, 5], [6, 7, 8], [10, 11, 12], [13, 9]]),
    ],
)
def test_many_tensors_are_joined_in_groups(
    tensors: int, joins: list[list[int]], node: fx.Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft, "_MAX_JOINED", 3)
    made: Any = draft.Draft()
    sources = [made.tensor("bits", (2, 2, channels + 1)) for channels in range(tensors)]
    joined = made.concat(node, sources)
    assert all(isinstance(op, Concat) for op in made.ops)
    assert [list(op.inputs) for op in made.ops] == joins
    assert made.tensors[joined].channels == sum(range(tensors + 1))
    assert made.tensors[joined].dtype == "bits"
