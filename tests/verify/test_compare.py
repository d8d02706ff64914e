"""One op at a time: what counts as equal, what a bound allows, and what is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import small_networks

from signbit.modelfile.bounds import Bounded
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.verify.compare import Comparison, OpResult, count, equal, judge, near_zero, share_of_bound

NAN, INF = float("nan"), float("inf")


def bounded(value: list[float], error: list[float]) -> Bounded:
    return Bounded(np.float64(value), np.float64(error))


def comparison(case: small_networks.Case, **changes: Any) -> Comparison:
    model = case.model
    return Comparison(replace(case.conversion, **changes), model, model.session(), model.session(batch=4))


def torch_arrays(case: small_networks.Case, found: Comparison) -> list[Any]:
    return found.arrays(case.conversion.graph.run(case.images))


# ---- numbers


def test_a_nan_is_a_nan_and_both_zeros_are_one() -> None:
    one = np.float32([1, NAN, NAN, 0.0, INF, 1])
    other = np.float32([1, NAN, 1, -0.0, INF, 2])
    assert equal(one, other).tolist() == [True, True, False, True, True, False]
    assert equal(other, one).tolist() == [True, True, False, True, True, False]
    assert equal(np.int8([1, -1]), np.int8([1, 1])).tolist() == [True, False]


def test_only_a_bounded_float_is_near_zero() -> None:
    found = near_zero(bounded([1, 1, -1, -1.5, 0, 0, NAN, 1, 1], [1, 0.5, 1, 1, 0, NAN, 1, INF, NAN]))
    assert found.tolist() == [True, False, True, False, True, False, False, False, False]


def test_a_difference_is_a_share_of_twice_its_bound() -> None:
    one, other = np.float32([1, 2, 5]), np.float32([1, 2.5, 4])
    assert share_of_bound(one, other, bounded([0, 0, 0], [0, 1, 1])) == 0.5
    assert share_of_bound(other, one, bounded([0, 0, 0], [0, 0.125, 1])) == 2
    assert share_of_bound(one, one, bounded([0, 0, 0], [0, 0, 0])) == 0
    assert share_of_bound(one[:0], one[:0], bounded([], [])) == 0


@pytest.mark.parametrize(
    ("one", "other", "error"),
    [(NAN, 1, 1), (1, NAN, 1), (INF, 1, 1), (1, 2, INF), (1, 2, NAN), (1, 2, 0), (INF, -INF, 1)],
)
def test_what_has_no_bound_must_be_equal(one: float, other: float, error: float) -> None:
    assert share_of_bound(np.float32([one]), np.float32([other]), bounded([0], [error])) == INF
    assert share_of_bound(np.float32([one]), np.float32([one]), bounded([0], [error])) == 0


def test_how_many_differ() -> None:
    assert count(np.array([True, False, True])) == "1 of 3"
    assert count(np.array([[True, True]])) == "0 of 2"


# ---- the rules


def test_a_bit_may_differ_where_its_float_is_near_zero() -> None:
    result = OpResult(0, "pointwise", "a")
    one, other = np.int8([1, -1, 1, 1]), np.int8([1, 1, -1, 1])
    assert judge(result, "bits", "x", one, other, bounded([3, 0.1, -0.1, 0], [1, 0.1, 0.1, 1])) == ""
    assert result.flips == 2
    assert result.worst == 0


def test_not_every_difference_of_bits_is_a_flip() -> None:
    result = OpResult(0, "pointwise", "a")
    one, other = np.int8([1, -1, 1, 1]), np.int8([1, 1, -1, 1])
    words = judge(result, "bits", "x", one, other, bounded([3, 0.1, -0.1, 3], [1, 0.1, 0.09, 1]))
    assert words == "1 of 4 bits of 'x' differ although their floats are not near zero"
    assert result.flips == 1


def test_a_float_may_differ_within_its_bound() -> None:
    result = OpResult(0, "pointwise", "a")
    one, other = np.float32([1, 2]), np.float32([1, 4])
    assert judge(result, "float32", "x", one, other, bounded([1, 3], [0, 1])) == ""
    assert result.worst == 1
    assert judge(result, "float32", "x", one, other, bounded([1, 3], [0, 2])) == ""
    assert result.worst == 1  # the largest so far
    assert (
        judge(result, "float32", "x", one, other, bounded([1, 3], [0, 0.25]))
        == "a float of 'x' differs from torch's by 4 times its bound"
    )
    assert (result.worst, result.flips) == (4, 0)
    words = judge(result, "float32", "x", one, other, bounded([1, 3], [0, 0.75]))
    assert words == "a float of 'x' differs from torch's by 1.33 times its bound"


def test_a_result_counts_what_it_is_given() -> None:
    result = OpResult(3, "lookup", "a")
    result.record(np.array([[True, False], [True, True]]))
    result.record(np.array([False]))
    assert result == OpResult(3, "lookup", "a", elements=5, equal=3, flips=0, worst=0.0, error="")


# ---- whole ops


def test_every_op_of_a_right_file_is_equal() -> None:
    case = small_networks.integers()
    found = comparison(case)
    values = torch_arrays(case, found)
    found.check_ops(values)
    assert [op.error for op in found.results] == [""] * len(case.conversion.model.ops)
    named = [values[op.outputs[0]] is not None for op in case.conversion.model.ops]
    assert [op.elements > 0 for op in found.results] == named
    assert all(op.equal == op.elements for op in found.results)
    first = case.conversion.model.ops[0]
    assert (found.results[0].index, found.results[0].kind, found.results[0].name) == (0, "integer_conv", first.name)
    assert found.results[0].elements == 6 * 6 * 6 * 6
    found.check_ops(values)
    assert found.results[0].elements == 2 * 6 * 6 * 6 * 6


def test_a_tensor_that_torch_does_not_have_is_the_engines() -> None:
    case = small_networks.integers()
    values = torch_arrays(case, comparison(case))
    assert [node is None for node in case.conversion.nodes] == [value is None for value in values]
    assert any(value is None for value in values)


def test_another_value_of_an_exact_op_is_an_error() -> None:
    case = small_networks.integers()
    found = comparison(case)
    values = torch_arrays(case, found)
    values[1] = values[1].copy()
    values[1][0, 0, 0, :2] += 1
    found.check_ops(values)
    name = case.conversion.model.tensors[1].name
    assert found.results[0].error == f"2 of 1296 values of {name!r} differ; this op is exact"
    assert (found.results[0].elements, found.results[0].equal) == (1296, 1294)
    error = found.results[0].error
    values[1][...] += 1
    found.check_ops(values)
    assert found.results[0].error == error  # the first one stays


def test_another_float_is_held_against_its_bound() -> None:
    case = small_networks.residual()
    found = comparison(case)
    values = torch_arrays(case, found)
    index = next(index for index, op in enumerate(case.conversion.model.ops) if isinstance(op, FloatConv))
    (tensor,) = case.conversion.model.ops[index].outputs
    values[tensor] = values[tensor] + np.float32(0.01)
    found.check_ops(values)
    result = found.results[index]
    assert result.worst > 1
    name = case.conversion.model.tensors[tensor].name
    assert result.error == f"a float of {name!r} differs from torch's by {result.worst:.3g} times its bound"
    assert sum(bool(op.error) for op in found.results) >= 1


def test_the_second_output_of_an_op_has_its_own_bound() -> None:
    """Bits beside the floats that they are the signs of."""
    case = small_networks.residual()
    found = comparison(case)
    values = torch_arrays(case, found)
    index = next(i for i, op in enumerate(case.conversion.model.ops) if len(op.outputs) == 2)
    bits = case.conversion.model.ops[index].outputs[1]
    values[bits] = values[bits] ^ np.uint64(1)
    found.check_ops(values)
    name = case.conversion.model.tensors[bits].name
    assert found.results[index].error == f"216 of 1296 bits of {name!r} differ although their floats are not near zero"
    assert found.results[index].worst == 0


def test_an_output_that_was_compared_on_every_integer_is_exact() -> None:
    case = small_networks.tables()
    found = comparison(case)
    last = case.conversion.model.ops[-1]
    assert isinstance(last, Pointwise)
    assert found.gives_torchs_own(last)
    assert not comparison(case, folded={}).gives_torchs_own(last)
    assert comparison(case, folded={}).gives_torchs_own(case.conversion.model.ops[0])
    values = torch_arrays(case, found)
    values[last.outputs[0]] = np.nextafter(values[last.outputs[0]], np.float32(100))
    found.check_ops(values)
    name = case.conversion.model.tensors[last.outputs[0]].name
    assert found.results[-1].error == f"30 of 30 values of {name!r} differ; this op is exact"


def test_bits_of_integers_are_no_float_signs() -> None:
    case = small_networks.residual()
    found, ops = comparison(case), case.conversion.model.ops
    signs = [op.kind for op in ops for tensor in op.outputs if found.is_float_sign(op, tensor)]
    assert signs == ["pointwise", "pointwise"]
    case = small_networks.integers()
    found, ops = comparison(case), case.conversion.model.ops
    assert not any(found.is_float_sign(op, tensor) for op in ops for tensor in op.outputs)


def test_each_op_alone_gives_what_it_gave_within_the_network() -> None:
    case = small_networks.residual()
    found = comparison(case)
    trace = found.session.trace(case.images.permute(0, 2, 3, 1).contiguous().numpy())
    assert found.apart(trace) == ""
    last = case.conversion.model.ops[-1]
    trace[last.outputs[0]][0, 0, 0, 0] += 1
    index = len(case.conversion.model.ops) - 1
    words = f"op {index} ({last.kind} {last.name}) gives a different result alone than within the network"
    assert found.apart(trace) == words
