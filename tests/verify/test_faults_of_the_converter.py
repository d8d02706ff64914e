"""Faults of the converter: the file is what the module converts to, and still verify finds it by evaluation.

Each test breaks one place of the converter, converts, and verifies with that very conversion. Nothing differs between
the file and the conversion then, so only torch can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor, nn

from signbit.convert import convert, fold
from signbit.convert.draft import Draft
from signbit.convert.expression import Constant, Expression, Step
from signbit.convert.lower.flip import Flip
from signbit.convert.lower.leaky_relu import LeakyRelu
from signbit.convert.lower.native_batch_norm_legit_no_training import NativeBatchNormLegitNoTraining
from signbit.convert.lower.prelu import Prelu
from signbit.convert.lowering import Lowering
from signbit.convert.product import integer_stream
from signbit.engine import Model
from signbit.layers.binary_conv import BinaryConv2d
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.window import Window
from signbit.verify import Verification, verify
from signbit.verify.file import differences

Patch = pytest.MonkeyPatch


def verified(network: Callable[[], nn.Module], images: Tensor | None = None) -> Verification:
    """Convert as the converter is now, and verify with that conversion."""
    case = small_networks.made(network, images)
    model = Model.from_bytes(case.conversion.to_bytes())
    assert list(differences(case.conversion.model, model.file)) == []
    return verify(case.module, model, case.images, conversion=case.conversion)


def assert_found(found: Verification, op: str, words: str) -> None:
    """An op of that kind breaks a rule by itself, in those words."""
    kinds = [error for error in found.errors if f"({op} " in error and words in error]
    assert kinds, found.errors


# ---- thresholds: found on every integer, whichever images are run


def put_in(patch: Patch, find: Any) -> None:
    """Thresholds are found so, and the converter's own second look at some of them is left out."""
    patch.setattr(fold, "find_thresholds", find)
    patch.setattr(fold, "check_steady", lambda *given: None)


def thresholds_moved(patch: Patch, by: int) -> None:
    right = fold.find_thresholds

    def find(*arguments: Any) -> fold.Thresholds:
        found = right(*arguments)
        low = np.where(found.intervals.low > -100000, found.intervals.low + by, found.intervals.low)
        return replace(found, intervals=replace(found.intervals, low=low.astype(np.int32)))

    put_in(patch, find)


@pytest.mark.parametrize("by", [-1, 1])
def test_a_fold_that_is_off_by_one(monkeypatch: Patch, by: int) -> None:
    thresholds_moved(monkeypatch, by)
    found = verified(small_networks.Integers)
    words = "differs from torch at the integer"
    assert_found(found, "threshold", words)
    assert_found(found, "binary_conv", words)


def test_a_fold_that_forgets_that_it_is_inverted(monkeypatch: Patch) -> None:
    right = fold.find_thresholds

    def find(*arguments: Any) -> fold.Thresholds:
        found = right(*arguments)
        return replace(found, intervals=replace(found.intervals, inverted=np.zeros_like(found.intervals.inverted)))

    put_in(monkeypatch, find)

    def network() -> nn.Module:
        norm = small_networks.attention_norm(6)
        assert norm.beta is not None
        norm.beta.data[:] = 0.15
        return nn.Sequential(small_networks.stem(6), norm, BinaryConv2d(6, 4, 3), nn.Flatten())

    assert_found(verified(network), "threshold", "differs from torch at the integer")


def test_a_table_whose_first_integer_is_off(monkeypatch: Patch) -> None:
    right = fold.find_thresholds

    def find(*arguments: Any) -> fold.Thresholds:
        found = right(*arguments)
        return (
            found
            if found.tables is None
            else replace(found, tables=replace(found.tables, first=found.tables.first + 1))
        )

    put_in(monkeypatch, find)
    assert_found(verified(small_networks.Tables), "threshold", "differs from torch at the integer")


def test_integers_that_are_thought_to_be_fewer(monkeypatch: Patch) -> None:
    monkeypatch.setattr("signbit.convert.product.integer_stream", _narrow_stream)
    found = verified(small_networks.Integers)
    words = "channel 0 can receive -54 to 54, but was converted for -53 to 53 only"
    assert_found(found, "threshold", words)
    assert_found(found, "binary_conv", "channel 0 can receive -315 to 315, but was converted for -314 to 314 only")


def _narrow_stream(tensor: int, rank: int, bound: Any, lowering: Any) -> Any:
    return integer_stream(tensor, rank, bound - 1, lowering)


def test_pieces_that_are_lost() -> None:
    case = small_networks.integers()
    found = verify(case.module, case.model, case.images, conversion=replace(case.conversion, folded={}))
    kinds = [op.kind for op in case.conversion.model.ops]
    lost = [error for error in found.errors if "the conversion has no torch function to compare it with" in error]
    assert len(lost) == len(case.conversion.folded) == 5
    assert kinds.count("threshold") + kinds.count("lookup") == 3


def test_a_lookup_whose_columns_are_shifted(monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        "signbit.convert.lowering.Lookup",
        lambda name, inputs, outputs, values, first: Lookup(name, inputs, outputs, np.roll(values, 1, 1), first),
    )
    assert_found(verified(small_networks.Integers), "lookup", "differs from torch at the integer -4")


def test_an_output_that_is_thought_to_be_torchs_own(monkeypatch: Patch) -> None:
    """A sigmoid by the engine's step is within its bound, and not the float that torch gives."""

    def network() -> nn.Module:
        layers = small_networks.stem(6), BinaryConv2d(6, 8, 3), small_networks.norm(8), nn.Sigmoid(), nn.Flatten()
        return nn.Sequential(*layers)

    assert verified(network).ok
    monkeypatch.setattr(Lowering, "_is_exact", lambda lowering, stream: True)
    assert_found(verified(network), "pointwise", "differs from torch at the integer")


# ---- what is wrong in an op: found on images, given torch's own input


def _leaky() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        small_networks.Normalize([0.5] * 3, [0.2] * 3), nn.Conv2d(3, 6, 3), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.Linear(96, 3),
    )  # fmt: skip


def test_a_slope_that_is_ignored(monkeypatch: Patch) -> None:
    def step(rule: Any, call: Any, operand: Any) -> Expression:
        return Step("prelu", (operand("self"), Constant(np.float32([0.01]))))

    assert verified(_leaky).ok
    monkeypatch.setattr(LeakyRelu, "step", step)
    assert_found(verified(_leaky), "pointwise", "times its bound")


def test_a_slope_that_is_the_neighbours(monkeypatch: Patch) -> None:
    def step(rule: Any, call: Any, operand: Any) -> Expression:
        return Step("prelu", (operand("self"), Constant(np.roll(call.constant("weight").float().numpy(), 1))))

    monkeypatch.setattr(Prelu, "step", step)
    assert_found(verified(small_networks.Residual), "pointwise", "times its bound")


def test_an_epsilon_that_is_forgotten(monkeypatch: Patch) -> None:
    right = NativeBatchNormLegitNoTraining.step

    class Without:
        def __init__(self, call: Any) -> None:
            self.call = call

        def __getitem__(self, name: str) -> Any:
            return 0.0 if name == "eps" else self.call[name]

        def __getattr__(self, name: str) -> Any:
            return getattr(self.call, name)

    monkeypatch.setattr(
        NativeBatchNormLegitNoTraining, "step", lambda rule, call, operand: right(rule, Without(call), operand)
    )
    found = verified(small_networks.Residual)
    assert_found(found, "pointwise", "")
    assert not found.ok


def test_channels_that_are_not_flipped(monkeypatch: Patch) -> None:
    monkeypatch.setattr(Flip, "move", lambda rule, call, arguments, fixed: arguments["self"])
    found = verified(small_networks.Residual)
    assert_found(found, "select", "this op is exact")


def test_channels_that_are_swapped(monkeypatch: Patch) -> None:
    right = Draft.select

    def select(draft: Draft, node: Any, source: int, index: Any) -> int:
        return right(draft, node, source, np.concatenate([index[1::-1], index[2:]]))

    monkeypatch.setattr(Draft, "select", select)
    assert not verified(small_networks.Residual).ok


def test_weights_that_are_turned(monkeypatch: Patch) -> None:
    from signbit.modelfile.bits import pack_signs

    monkeypatch.setattr("signbit.convert.product.pack_signs", lambda signs: pack_signs(signs[:, ::-1]))
    assert_found(verified(small_networks.Tables), "binary_conv", "this op is exact")


def test_padding_with_another_value(monkeypatch: Patch) -> None:
    from signbit.modelfile.ops.binary_conv import BinaryConv

    monkeypatch.setattr(
        "signbit.convert.product.BinaryConv",
        lambda name, inputs, outputs, words, window, groups, value: BinaryConv(
            name, inputs, outputs, words, window, groups, 0
        ),
    )
    assert_found(verified(small_networks.Integers), "binary_conv", "this op is exact")


def test_a_pool_that_takes_the_smallest(monkeypatch: Patch) -> None:
    """It was moved before the norm: its integers are not torch's, and the sign after it is."""
    right = fold.find_order

    def order(*arguments: Any) -> fold.Order:
        found = right(*arguments)
        return fold.Order(found.falls, found.rises)

    monkeypatch.setattr(fold, "find_order", order)
    assert_found(verified(small_networks.Integers), "threshold", "this op is exact")


def test_a_pool_of_signs_that_takes_the_smallest(monkeypatch: Patch) -> None:
    right = fold.find_pooling

    def pooling(*arguments: Any) -> Any:
        found = right(*arguments)
        return None if found is None else ~found

    monkeypatch.setattr(fold, "find_pooling", pooling)
    assert_found(verified(small_networks.Integers), "max_pool", "this op is exact")


def test_a_pool_whose_padding_is_moved(monkeypatch: Patch) -> None:
    """With a rounded-up size, a window without padding has the same shape."""

    def network() -> nn.Module:
        return nn.Sequential(small_networks.stem(4), nn.MaxPool2d(3, 2, 1), BinaryConv2d(4, 3, 2), nn.Flatten())

    assert verified(network).ok
    monkeypatch.setattr(
        "signbit.convert.lower.max_pool2d.window_of",
        lambda kernel, stride, padding, dilation: Window((3, 3), (2, 2), (0, 0), (1, 1)),
    )
    assert_found(verified(network), "threshold", "this op is exact")


# ---- what is wrong about the graph


def test_a_graph_that_is_not_the_module(monkeypatch: Patch) -> None:
    case = small_networks.residual()
    conversion = convert(case.module, case.images[:2])
    node = next(node for node in conversion.graph.constants if node.name.endswith("prelu_weight"))
    conversion.graph.constants[node] = conversion.graph.constants[node] + 0.1
    found = verify(case.module, Model.from_bytes(conversion.to_bytes()), case.images, conversion=conversion)
    assert found.errors[0] == "the captured graph, zeros: its output differs from the module's"


def test_tensors_that_are_said_to_hold_each_others_values() -> None:
    case = small_networks.integers()
    nodes = list(case.conversion.nodes)
    tensors = case.conversion.model.tensors
    pairs = [
        (one, other)
        for one, first in enumerate(tensors)
        for other, second in enumerate(tensors[:one])
        if (first.dtype, first.shape) == (second.dtype, second.shape) and nodes[one] and nodes[other]
    ]
    for one, other in pairs:
        swapped = list(nodes)
        swapped[one], swapped[other] = nodes[other], nodes[one]
        conversion = replace(case.conversion, nodes=swapped)
        assert not verify(case.module, case.model, case.images, conversion=conversion).ok


def test_a_sign_that_takes_nan_for_positive(monkeypatch: Patch) -> None:
    """The pack of the engine says that NaN is -1; a file cannot say otherwise, a graph can."""
    case = small_networks.ties()
    images = case.images.clone()
    images[0, 0] = torch.nan
    assert verify(case.module, case.model, images, conversion=case.conversion).ok
    bits = next(i for i, tensor in enumerate(case.conversion.model.tensors) if tensor.dtype == "bits")
    node = case.conversion.nodes[bits]
    right = type(case.conversion.graph).run

    def run(graph: Any, given: Tensor, instead: Any = None) -> Any:
        values = right(graph, given, instead)
        turned = {node: torch.where(values[node.args[0]].isnan(), 1.0, values[node])}  # type: ignore[union-attr, index]
        return right(graph, given, turned | (instead or {}))

    monkeypatch.setattr(type(case.conversion.graph), "run", run)
    found = verify(case.module, case.model, images, conversion=case.conversion)
    assert_found(found, "pointwise", "bits of 'sign' differ although their floats are not near zero")
