"""Hundreds of random single changes of converted files: each is noticed, unless it provably changes nothing.

What notices is counted three times: the engine that refuses the file, the comparison with the conversion, and, with
that comparison switched off, evaluation alone, which is what finds a fault that the converter makes as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import small_networks
from tampering import Tampering, tamperings

from signbit.convert.capture import Graph
from signbit.engine import Model
from signbit.errors import ModelFileError
from signbit.modelfile import ModelFile, Op, Tensor, to_bytes
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.verify import verify
from signbit.verify.file import differences, structure

CASES = (small_networks.integers, small_networks.tables, small_networks.residual)
IMAGES = 4
FIELDS = ("inputs", "outputs", "weights", "bias", "groups", "intervals", "minimum")  # of an op with a window
SIGNS = Tensor("", "bits", 1, 1, 1)
EVALUATED = {"weights", "thresholds", "tables", "padding", "constants", "steps"}  # drawn three times as often
EVALUATION_FINDS = {"thresholds", "tables"}  # whenever such a change has an effect: every integer is compared
IMAGES_MOSTLY_FIND = {"pools", "channels"}  # a few images need not show that a maximum became a minimum


@dataclass
class Counts:
    """What became of the changes, by kind."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    other_structure: Counter[str] = field(default_factory=Counter)
    evaluated: Counter[str] = field(default_factory=Counter)
    without_effect: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def table(self) -> str:
        """One line a kind, and their sum."""
        columns = {name.replace("_", " "): value for name, value in vars(self).items() if isinstance(value, Counter)}
        lines = [f"{'changes':15}" + "".join(f"{name:>17}" for name in columns)]
        for kind in [*sorted(self.tried), "all"]:
            numbers = (counter.total() if kind == "all" else counter[kind] for counter in columns.values())
            lines.append(f"{kind:15}" + "".join(f"{number:17}" for number in numbers))
        return "\n".join(lines)


def draw(case: small_networks.Case, count: int, seed: int) -> Iterator[tuple[str, ModelFile, bytes]]:
    """So many changed files, each of a kind that was drawn first, so that no kind is rare."""
    random, right = np.random.default_rng(seed), case.conversion.model
    by_kind: dict[str, list[Tampering]] = {}
    for tampering in tamperings(right):
        by_kind.setdefault(tampering.kind, []).append(tampering)
    kinds, content, drawn = [*sorted(by_kind), *sorted(EVALUATED & by_kind.keys()) * 2], to_bytes(right), 0
    while drawn < count:
        kind = kinds[int(random.integers(len(kinds)))]
        places = by_kind[kind]
        changed = places[int(random.integers(len(places)))].change(random)
        try:
            written = to_bytes(changed)
        except (ModelFileError, ValueError):  # our own writer does not write it
            written = b""
        if written != content:
            drawn += 1
            yield kind, changed, written


def tamper(case: small_networks.Case, count: int, seed: int, counts: Counts, patch: pytest.MonkeyPatch) -> None:
    remember_torch(patch)
    for kind, changed, written in draw(case, count, seed):
        counts.tried[kind] += 1
        try:
            model = Model.from_bytes(written)
        except ModelFileError:
            counts.refused[kind] += 1
            continue
        compared = any(differences(case.conversion.model, model.file))
        counts.compared[kind] += compared
        if structure(model.file) != structure(case.conversion.model):
            counts.other_structure[kind] += 1
            evaluated = False
        else:
            with patch.context() as without:
                without.setattr("signbit.verify.differences", lambda wanted, given: [])
                evaluated = not verify(case.module, model, case.images[:IMAGES], conversion=case.conversion).ok
        counts.evaluated[kind] += evaluated
        effect = has_effect(case.conversion.model, changed)
        counts.without_effect[kind] += not effect
        must_be_evaluated = effect and kind in EVALUATION_FINDS
        if not compared or (evaluated and not effect) or (must_be_evaluated and not evaluated):
            counts.missed.append(
                f"{case.module.__class__.__name__}, {kind}: compared {compared}, {evaluated=}, {effect=}"
            )


def remember_torch(patch: pytest.MonkeyPatch) -> None:
    """Torch computes the same for every changed file: once is enough."""
    right = Graph.run
    known: dict[tuple[int, bytes], Any] = {}

    def run(graph: Graph, images: Any, instead: Any = None) -> Any:
        if instead:
            return right(graph, images, instead)
        key = id(graph), images.numpy().tobytes()
        if key not in known:
            known[key] = right(graph, images)
        return known[key]

    patch.setattr(Graph, "run", run)


def has_effect(right: ModelFile, changed: ModelFile) -> bool:
    """False only where a change provably changes nothing that is computed."""
    if (changed.output, changed.labels, changed.preprocessing) != (right.output, right.labels, right.preprocessing):
        return True
    pairs = [(one, other) for one, other in zip(right.ops, changed.ops, strict=True) if one is not other]
    return not all(_says_the_same(right, one, other) or _sees_the_same(right, one, other) for one, other in pairs)


def _sees_the_same(model: ModelFile, one: Op, other: Op) -> bool:
    """Whether two ops that differ in their geometry alone have the same pixels under each window."""
    fields = [{**vars(op), "window": None, "padding_value": 0} for op in (one, other)]
    if not hasattr(one, "window") or any(
        fields[0][name] is not fields[1][name] for name in fields[0] if name in FIELDS
    ):
        return False
    given, result = model.inputs_of(one)[0], model.outputs_of(one)[0]
    pixels = np.arange(1, given.pixels + 1).reshape(1, given.height, given.width, 1)
    size = (result.height, result.width)
    here, there = (op.window.patches(pixels, 0, size) for op in (one, other))  # type: ignore[attr-defined]
    padded = getattr(one, "padding_value", 0) != getattr(other, "padding_value", 0) and not here.all()
    return np.array_equal(here, there) and not padded


def _says_the_same(model: ModelFile, one: Op, other: Op) -> bool:
    """Whether two ops give the same for every integer that a channel can meet, one by one."""
    if isinstance(one, BinaryConv) and isinstance(other, BinaryConv):
        if one.intervals is None or one.weights is not other.weights or one.encode()[1] != other.encode()[1]:
            return False
        reach = one.sum_ranges(model.inputs_of(one))
    elif one.kind in ("threshold", "lookup"):
        reach = model.ranges()[one.inputs[0]]
    else:
        return False
    channels = model.outputs_of(one)[0].channels
    return all(np.array_equal(_at(one, n)[here], _at(other, n)[here]) for n, here in _integers(reach, channels))


def _at(op: Op, integers: Any) -> Any:
    if isinstance(op, BinaryConv):
        assert op.intervals is not None
        return op.intervals.positive(integers)
    return op.reference([integers[None, None, None]], [SIGNS])[0][0, 0, 0]


def _integers(reach: Any, channels: int) -> Iterator[tuple[Any, Any]]:
    """Each integer for every channel, and the channels that can meet it."""
    least, most = reach.of(channels).least, reach.of(channels).most
    for integer in range(int(least.min()), int(most.max()) + 1):
        yield np.full(channels, integer, np.int32), (least <= integer) & (integer <= most)


def run(each: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> Counts:
    counts = Counts()
    for number, case in enumerate(CASES):
        tamper(case(), each, seed + number, counts, monkeypatch)
    return counts


def check(counts: Counts) -> None:
    assert counts.missed == []
    assert set(counts.tried) == {
        "weights", "thresholds", "tables", "padding", "labels", "order", "preprocessing", "constants", "steps",
        "channels", "pools", "edges",
    }  # fmt: skip
    loaded = counts.tried - counts.refused
    assert counts.compared == +loaded  # whatever the engine takes, the comparison with the conversion notices
    for kind in EVALUATION_FINDS:
        assert counts.evaluated[kind] == loaded[kind] - counts.without_effect[kind] > 0
    for kind in IMAGES_MOSTLY_FIND:
        assert counts.evaluated[kind] > 0.9 * (loaded[kind] - counts.without_effect[kind]) > 0
    for kind in ("weights", "padding", "constants", "steps", "order"):
        assert counts.evaluated[kind] > 0


def test_every_change_is_noticed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    counts = run(140, 20, monkeypatch)
    with capsys.disabled():
        print(f"\n{counts.table()}")
    check(counts)
    assert counts.tried.total() == 420


@pytest.mark.slow
def test_every_one_of_many_changes_is_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = run(1500, 1000, monkeypatch)
    with capsys.disabled():
        print(f"\n{counts.table()}")
    check(counts)
