"""The whole network: flips that happen are counted and explained, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor, nn

from signbit.convert import convert
from signbit.engine import Model
from signbit.layers.binary_conv import BinaryConv2d
from signbit.modelfile import Op, to_bytes
from signbit.modelfile.bounds import Bounded, exact
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.verify import verify
from signbit.verify.compare import Comparison
from signbit.verify.network import _Rerun, is_exact, unexplained

Arrays = list[Any]


@cache
def prepared(case: Any) -> tuple[Comparison, Tensor, Arrays, Arrays]:
    """What `unexplained` takes, of a right file."""
    made: small_networks.Case = case()
    model = made.model
    comparison = Comparison(made.conversion, model, model.session(), model.session(batch=4))
    values = comparison.arrays(made.conversion.graph.run(made.images))
    trace = comparison.session.trace(np.moveaxis(made.images.numpy(), 1, -1).copy())
    return comparison, made.images, values, trace


def changed(arrays: Arrays, tensor: int, change: Any) -> Arrays:
    new = list(arrays)
    new[tensor] = change(arrays[tensor].copy())
    return new


def index_of(comparison: Comparison, kind: type[Op]) -> int:
    return next(index for index, op in enumerate(comparison.model.ops) if isinstance(op, kind))


def one_bit(words: Any) -> Any:
    words[3, 0, 0, 0] ^= np.uint64(1)
    return words


def one_integer(integers: Any) -> Any:
    integers[3, 0, 0, 0] += 2
    return integers


# ---- flips


class SignsOfFloats(nn.Module):
    """A sign of real values, which are read again as numbers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = nn.Conv2d(16, 16, 3), nn.Conv2d(16, 16, 3)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = torch.ops.signbit.sign(self.first(x) - 0.1) * self.second(x)
        return result


def test_a_sign_of_floats_is_exact_for_what_reads_it() -> None:
    """However much the floats may be off, of which it is the sign."""
    module, images = SignsOfFloats().eval(), torch.randn(8, 16, 9, 9, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        module.first.weight *= 1e6
    conversion = convert(module, images[:2])
    model = Model.from_bytes(conversion.to_bytes())
    comparison = Comparison(conversion, model, model.session(), model.session(batch=4))
    values = comparison.arrays(conversion.graph.run(images))
    trace = comparison.session.trace(np.moveaxis(images.numpy(), 1, -1).copy())
    assert unexplained(comparison, images, values, trace)[0] == ""
    output = model.output
    wrong, _ = unexplained(comparison, images, values, changed(trace, output, lambda array: array + np.float32(1e-3)))
    assert wrong.startswith("op 3 (pointwise")


def test_flips_happen_and_are_explained() -> None:
    comparison, images, values, trace = prepared(small_networks.ties)
    bits = comparison.model.ops[1].outputs[0]
    differing = np.bitwise_count(values[bits] ^ trace[bits]).sum()
    assert differing > 20  # torch adds in another order
    assert unexplained(comparison, images, values, trace) == ("", differing)


def test_outputs_that_differ_are_traced_to_flips() -> None:
    case = small_networks.ties()
    found = verify(case.module, case.model, case.images, conversion=case.conversion)
    assert found.ok, found.errors
    assert not found.exact
    assert found.flips == 0  # each op on torch's own inputs says the same
    assert found.network_flips > 20
    assert 0 < found.mismatched_predictions == found.traced
    assert found.equal_outputs < found.images
    assert f"{found.network_flips:,} in the whole network" in found.compared[1]


def test_a_bit_of_a_float_that_is_clear_of_zero_is_no_flip() -> None:
    """The bound of the sums is what explains the flips: with a thousandth of it, nothing does."""
    case = small_networks.ties()
    with pytest.MonkeyPatch.context() as patch:
        right = FloatConv.bound
        patch.setattr(FloatConv, "bound", lambda op, given: [Bounded(b.value, b.error / 1e6) for b in right(op, given)])
        comparison, images, values, trace = prepared(small_networks.ties)
        wrong, flips = unexplained(comparison, images, values, trace)
        found = verify(case.module, case.model, case.images, conversion=case.conversion)
    assert wrong.startswith("op 0 (float_conv conv2d): a float differs from torch's by ")
    assert wrong.endswith(" times its bound")
    assert flips == 0
    assert any(error.startswith("whole network, image 0: op 0 (float_conv conv2d)") for error in found.errors)
    assert found.traced < found.mismatched_predictions


def test_a_flipped_bit_is_refused_where_its_float_is_not_near_zero() -> None:
    comparison, images, values, trace = prepared(small_networks.residual)
    ops = comparison.model.ops
    signs = max(i for i, op in enumerate(ops) if any(comparison.is_float_sign(op, tensor) for tensor in op.outputs))
    op = comparison.model.ops[signs]
    wrong, flips = unexplained(comparison, images, values, changed(trace, op.outputs[0], one_bit))
    assert wrong == f"op {signs} (pointwise {op.name}): 1 bits differ although their floats are not near zero"
    assert flips == 0


class Rearranged(small_networks.Ties):
    """The sums are put in another order before their signs are taken, and every other pixel is left out."""

    def forward(self, images: Tensor) -> Tensor:
        y = self.mix(images).flip(1)[:, :, ::2, ::2]
        output: Tensor = self.norm(self.conv(y))
        return output


def test_flips_of_rearranged_floats_are_explained() -> None:
    torch.manual_seed(7)
    module = Rearranged().eval()
    images = module.images(12)
    conversion = convert(module, images[:2])
    found = verify(module, Model.from_bytes(conversion.to_bytes()), images, conversion=conversion)
    assert found.ok, found.errors
    assert found.network_flips > 10


class Pooled(small_networks.Ties):
    """A pool, a select and a concat move the sums before they are read."""

    def forward(self, images: Tensor) -> Tensor:
        y = nn.functional.max_pool2d(self.mix(images), 2, 1)
        y = torch.cat([y[:, 8:], y[:, :8] * 2], 1)
        output: Tensor = self.norm(self.conv(y)).flatten(1) + y[:, :8, 0, 0]
        return output


def test_bounds_move_with_the_floats() -> None:
    torch.manual_seed(7)
    module = Pooled().eval()
    images = module.images(12)
    conversion = convert(module, images[:2])
    kinds = {op.kind for op in conversion.model.ops}
    assert kinds >= {"max_pool", "concat", "select"}
    found = verify(module, Model.from_bytes(conversion.to_bytes()), images, conversion=conversion)
    assert found.ok, found.errors
    assert found.network_flips > 10


# ---- what may not differ


def test_nothing_differs_in_a_network_of_integers() -> None:
    comparison, images, values, trace = prepared(small_networks.integers)
    assert is_exact(comparison)
    assert unexplained(comparison, images, values, trace) == ("", 0)


@pytest.mark.parametrize("case", [small_networks.residual, small_networks.ties])
def test_a_network_of_floats_is_not_exact(case: Any) -> None:
    assert not is_exact(prepared(case)[0])


def test_a_difference_in_a_network_of_integers_is_named() -> None:
    comparison, images, values, trace = prepared(small_networks.integers)
    index = index_of(comparison, BinaryConv)
    op = comparison.model.ops[index]
    wrong = unexplained(comparison, images, values, changed(trace, op.outputs[0], one_integer))
    words = f"op {index} (binary_conv {op.name}): 1 of {6 * 36 * 70} values differ, but none comes from a float"
    assert wrong == (words, 0)


def test_bits_that_differ_are_counted_singly() -> None:
    comparison, images, values, trace = prepared(small_networks.integers)
    op = comparison.model.ops[1]
    wrong = unexplained(comparison, images, values, changed(trace, op.outputs[0], lambda words: words ^ np.uint64(3)))
    assert wrong == (f"op 1 (threshold {op.name}): 432 of 1296 values differ, but none comes from a float", 0)


def test_an_integer_that_differs_is_refused_beside_floats() -> None:
    comparison, images, values, trace = prepared(small_networks.residual)
    index = index_of(comparison, BinaryConv)
    op = comparison.model.ops[index]
    wrong = unexplained(comparison, images, values, changed(trace, op.outputs[0], one_integer))
    assert wrong[0].startswith(f"op {index} (binary_conv {op.name}): 1 of ")
    assert wrong[0].endswith(" values differ although the inputs of the op agree")
    assert wrong[1] == 0


def test_an_output_that_differs_is_refused() -> None:
    comparison, images, values, trace = prepared(small_networks.residual)
    last = comparison.model.ops[-1]
    wrong = unexplained(comparison, images, values, changed(trace, last.outputs[0], lambda y: y + np.float32(1e-3)))
    assert wrong[0].startswith(
        f"op {len(comparison.model.ops) - 1} (float_conv {last.name}): a float differs from torch's by "
    )
    assert wrong[0].endswith(" times its bound")


def test_a_moved_float_that_differs_is_refused() -> None:
    comparison, images, values, trace = prepared(small_networks.residual)
    index = next(i for i, op in enumerate(comparison.model.ops) if op.kind == "select")
    op = comparison.model.ops[index]

    def swapped(floats: Any) -> Any:
        floats[..., :2] = floats[..., 1::-1].copy()
        return floats

    wrong = unexplained(comparison, images, values, changed(trace, op.outputs[0], swapped))
    assert wrong[0].startswith(f"op {index} (select {op.name}): a float differs from torch's by ")


def test_only_the_images_that_differ_are_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison, images, values, trace = prepared(small_networks.tables)
    floats = replace(comparison.conversion, folded={})  # so that the output is no more known to be torch's own
    comparison = Comparison(floats, comparison.model, comparison.session, comparison.batched)
    assert not is_exact(comparison)
    seen: list[Tensor] = []
    right = type(floats.graph).run

    def run(graph: Any, given: Tensor, instead: Any = None) -> Any:
        seen.append(given)
        return right(graph, given, instead)

    monkeypatch.setattr(type(floats.graph), "run", run)
    assert unexplained(comparison, images, values, trace) == ("", 0)
    assert seen == []
    last = comparison.model.ops[-1].outputs[0]
    wrong, _ = unexplained(comparison, images, values, changed(trace, last, one_integer))
    assert "a float differs from torch's by" in wrong
    assert len(seen) == 1
    assert torch.equal(seen[0], images[3:4])


class Sum(nn.Module):
    """Bits of integers alone, and an output of two products that steps round otherwise than torch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = small_networks.stem(8)
        self.a, self.b = small_networks.BinaryConv2d(8, 6, 3), small_networks.BinaryConv2d(8, 6, 3)
        self.norm_a, self.norm_b = small_networks.norm(6), small_networks.norm(6)

    def forward(self, images: Tensor) -> Tensor:
        y = self.stem(images)
        return nn.functional.silu(self.norm_a(self.a(y))) + self.norm_b(self.b(y))


def test_an_output_of_two_products_may_be_rounded_otherwise() -> None:
    case = small_networks.made(Sum)
    found = verify(case.module, case.model, case.images, conversion=case.conversion)
    assert found.ok, found.errors
    assert not found.exact
    assert 0 < found.ops[-1].worst <= 1
    assert found.network_flips == 0


def test_a_node_that_the_file_cannot_hold_is_told() -> None:
    """A conversion whose bits are said to be those of a product."""
    comparison, images, values, trace = prepared(small_networks.residual)
    index = index_of(comparison, BinaryConv)
    op = comparison.model.ops[index]
    nodes = list(comparison.conversion.nodes)
    tensors = comparison.model.tensors
    shape, name = tensors[op.outputs[0]].shape, tensors[op.outputs[0]].name
    floats = next(i for i, tensor in enumerate(tensors) if (tensor.dtype, tensor.shape) == ("float32", shape))
    nodes[op.outputs[0]] = nodes[floats]
    conversion = replace(comparison.conversion, nodes=nodes)
    wrong = Comparison(conversion, comparison.model, comparison.session, comparison.batched)
    assert unexplained(wrong, images, values, trace)[0] == (
        f"op {index} (binary_conv {op.name}): torch's {name!r} has values that are not integers; the model file holds "
        "integers"
    )


def test_a_wrong_file_is_not_explained_by_flips() -> None:
    """A weight that is a little off moves many sums past zero, and more than rounding does."""
    case = small_networks.ties()
    conv = case.conversion.model.ops[0]
    assert isinstance(conv, FloatConv)
    ops = [replace(conv, weights=conv.weights * np.float32(1 + 2e-5)), *case.conversion.model.ops[1:]]
    ops[0].weights[:, 0, 0, 0] += np.float32(1e-3)
    model = Model.from_bytes(to_bytes(replace(case.conversion.model, ops=ops)))
    found = verify(case.module, model, case.images, conversion=case.conversion)
    assert any(error.startswith("whole network, image 0: op 0 (float_conv") for error in found.errors)
    assert found.traced < found.mismatched_predictions


@pytest.mark.parametrize(("factor", "allowed"), [(0.5, True), (1.0, True), (1.5, False), (2.0, False)])
def test_a_float_may_be_off_by_just_its_bound(monkeypatch: pytest.MonkeyPatch, factor: float, allowed: bool) -> None:
    comparison, images, values, trace = prepared(small_networks.residual)
    monkeypatch.setattr("signbit.verify.network.share_of_bound", lambda got, wanted, bounded: factor)
    last = comparison.model.ops[-1].outputs[0]
    wrong, _ = unexplained(comparison, images, values, changed(trace, last, lambda y: y + np.float32(1)))
    assert (wrong == "") == allowed
    assert allowed or wrong.endswith(f"a float differs from torch's by {factor:.3g} times its bound")


def test_the_error_of_a_float_goes_on_to_the_ops_that_read_it() -> None:
    comparison, images, _, trace = prepared(small_networks.residual)
    rerun = _Rerun(comparison, images, trace)
    assert rerun.fault() == ""
    tensors, last = comparison.model.tensors, comparison.model.ops[-1]
    assert [tensors[tensor].dtype for tensor in last.inputs] == ["float32"]
    alone = last.bound([exact(trace[tensor]) for tensor in last.inputs])[0].error
    assert (rerun.bounded[last.outputs[0]].error > 1.005 * alone).all()


class Floor(nn.Module):
    """The engine has no step for it, and torch gives the same wherever it computes it: a lookup."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.floor(x * 0.3) * 0.7 + 0.5


def signs_to_lookup() -> nn.Module:
    """Bits of floats, and an output that is a lookup of integers."""
    return nn.Sequential(
        small_networks.Normalize([0.5] * 3, [0.2] * 3), nn.Conv2d(3, 6, 3), BinaryConv2d(6, 8, 3), Floor(),
    )  # fmt: skip


def test_a_lookup_beside_floats_has_no_error_of_its_own() -> None:
    made = small_networks.made(signs_to_lookup)
    model = made.model
    comparison = Comparison(made.conversion, model, model.session(), model.session(batch=4))
    values = comparison.arrays(made.conversion.graph.run(made.images))
    trace = comparison.session.trace(np.moveaxis(made.images.numpy(), 1, -1).copy())
    assert unexplained(comparison, made.images, values, trace)[0] == ""
    index = next(i for i, op in enumerate(model.ops) if op.kind == "lookup")
    op = model.ops[index]
    one_ulp = changed(trace, op.outputs[0], lambda y: np.nextafter(y, np.float32(9)))
    wrong, _ = unexplained(comparison, made.images, values, one_ulp)
    assert wrong == f"op {index} (lookup {op.name}): a float differs from torch's by inf times its bound"
