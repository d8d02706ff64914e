"""Expressions against exact fractions and torch, and the op that they become."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from signbit.convert import convert
from signbit.convert.expression import (
    MAX_CONSTANTS,
    MAX_INPUTS,
    MAX_STEPS,
    Constant,
    Expression,
    Input,
    Step,
    compile_program,
    evaluate,
    fits_one_op,
    is_correctly_rounded,
    limits,
    parts_of,
    rewrite,
    scalar,
    tensors_of,
)
from signbit.layers import BinaryLinear
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.rounding import fma

floats = st.floats(-(2.0**60), 2.0**60, width=32, allow_subnormal=False)


def nearest_float32(exact: Fraction) -> np.float32:
    """The float32 nearest to a fraction, ties to even."""
    guess = np.float32(float(exact))
    candidates = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    even = lambda value: int(np.abs(value).view(np.uint32)) & 1  # noqa: E731
    return min(candidates, key=lambda value: (abs(Fraction(float(value)) - exact), even(value)))


@given(floats, floats, floats)
def test_fma_rounds_once(a: float, b: float, c: float) -> None:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact and abs(exact) < Fraction(1, 2**120):
        return  # near the subnormals the engine and torch keep all digits, this reference does not claim to
    got = fma(*(np.array([value], np.float32) for value in (a, b, c)))
    assert Fraction(float(got[0])) == Fraction(float(nearest_float32(exact)))


def test_a_sum_whose_first_rounding_would_tie() -> None:
    # 1 + 2^-24 is a tie in float32; the 2^-60 beyond it decides, and float64 alone would drop it
    a, b, c = np.array([[2.0**-30], [2.0**-30], [1 + 2.0**-23]], np.float32)
    assert fma(a, b, c)[0] == np.float32(1 + 2.0**-23)
    tie = fma(np.array([1 + 2.0**-12], np.float32), np.array([2.0**-24], np.float32), np.array([1], np.float32))
    assert tie[0] == np.nextafter(np.float32(1), np.float32(2))


def test_batch_norm_is_torchs_to_the_bit() -> None:
    """Corners included: the bias of -1e-30 decides a rounding of the constant term, which float64 alone would miss."""
    means, variances = (-6.0, -1.0, 0.0, 2.0, 3.7, -0.123), (0.25, 1.0, 4.0, 30.0, 1e-8)
    weights, biases = (-2.0, -0.7, 0.0, 1e-30, 0.3, 5.0), (0.0, -0.5, 0.25, 1.0, -1e-30)
    cases = torch.tensor(list(itertools.product(means, variances, weights, biases)))
    norm = nn.BatchNorm1d(len(cases)).eval()
    norm.running_mean, norm.running_var, weight, bias = (column.clone() for column in cases.T)
    norm.weight.data, norm.bias.data = weight, bias
    conversion = convert(nn.Sequential(BinaryLinear(500, len(cases)), norm), torch.zeros(2, 500))
    op = conversion.model.ops[-1]
    assert isinstance(op, Pointwise)
    integers = np.arange(-500, 501)
    lattice = np.broadcast_to(integers.astype(np.int32)[:, None, None, None], (len(integers), 1, 1, len(cases)))
    found = op.reference([lattice], [conversion.model.tensors[op.outputs[0]]])[0][:, 0, 0]
    with torch.no_grad():
        wanted = norm(torch.from_numpy(integers).float()[:, None].expand(-1, len(cases)).contiguous()).numpy()
    np.testing.assert_array_equal(found, wanted)


def chain(length: int) -> Expression:
    found: Expression = Input(0)
    for number in range(length):
        found = Step("add", (found, scalar(number)))
    return found


def test_parts_come_before_what_reads_them_and_once() -> None:
    x, two = Input(7), scalar(2)
    double = Step("multiply", (x, two))
    whole = Step("add", (double, Step("subtract", (double, two))))
    assert parts_of(whole) == [x, two, double, whole.operands[1], whole]
    assert parts_of(x) == [x]
    assert list(tensors_of(whole)) == [7]


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        (chain(MAX_STEPS), True),
        (chain(MAX_STEPS + 1), False),
        (Step("fma", (Input(0), Input(1), scalar(1))), True),
    ],
    ids=["as many steps as an op takes", "one more", "few"],
)
def test_what_one_op_can_hold(expression: Expression, fits: bool) -> None:
    assert fits_one_op(expression) == fits


@pytest.mark.parametrize("count", [MAX_INPUTS, MAX_INPUTS + 1])
def test_inputs_of_one_op(count: int) -> None:
    found: Expression = Input(0)
    for number in range(1, count):
        found = Step("add", (found, Input(number)))
    assert fits_one_op(found) == (count <= MAX_INPUTS)


@pytest.mark.parametrize("count", [MAX_CONSTANTS, MAX_CONSTANTS + 1])
def test_constants_of_one_op(count: int) -> None:
    found: Expression = Input(0)
    for number in range(count // 2):
        found = Step("fma", (found, scalar(number), scalar(-number)))
    if count % 2:
        found = Step("add", (found, scalar(0.5)))
    assert fits_one_op(found) == (count <= MAX_CONSTANTS)


def test_rewriting_keeps_the_steps() -> None:
    before = Step("add", (Step("multiply", (Input(1), Constant(np.float32([1, 2])))), scalar(3)))

    def leaf(part: Input | Constant) -> Expression:
        return Input(5) if isinstance(part, Input) else Constant(part.values * 2)

    after = rewrite(before, leaf)
    value = evaluate(after, {5: np.float32([[10, 10]])})
    np.testing.assert_array_equal(value, [[26, 46]])
    np.testing.assert_array_equal(evaluate(before, {1: np.float32([[10, 10]])}), [[13, 23]])


def test_evaluation_reads_each_tensor() -> None:
    expression = Step("subtract", (Input(3), Step("prelu", (Input(4), scalar(0.5)))))
    values = {3: np.float32([[1.0, 1.0]]), 4: np.float32([[-2.0, 2.0]])}
    np.testing.assert_array_equal(evaluate(expression, values), [[2.0, -1.0]])
    assert evaluate(Input(4), values) is values[4]


def test_what_is_correctly_rounded() -> None:
    exact = Step("divide", (Input(0), scalar(3)))
    assert is_correctly_rounded(exact)
    assert is_correctly_rounded(Input(0))
    assert not is_correctly_rounded(Step("add", (Step("silu", (exact,)), scalar(1))))


X, RELU = Input(0), Step("maximum", (Input(0), scalar(0)))
NEVER_NEGATIVE = {
    "ReLU": (RELU, True),
    "a tensor": (X, False),
    "minimum of a ReLU and 6": (Step("minimum", (RELU, scalar(6))), True),
    "minimum of a ReLU and -1": (Step("minimum", (RELU, scalar(-1))), False),
    "maximum with -0.1": (Step("maximum", (X, scalar(-0.1))), False),
    "maximum of a tensor and a ReLU": (Step("maximum", (X, RELU)), True),
    "sigmoid": (Step("sigmoid", (X,)), True),
    "silu": (Step("silu", (RELU,)), False),
    "ReLU plus 1": (Step("add", (RELU, scalar(1))), True),
    "ReLU plus a tensor": (Step("add", (RELU, X)), False),
    "ReLU less 1": (Step("subtract", (RELU, scalar(1))), False),
    "ReLU times 2": (Step("multiply", (RELU, scalar(2))), True),
    "ReLU times -2": (Step("multiply", (RELU, scalar(-2))), False),
    "one channel is negated": (Step("multiply", (RELU, Constant(np.float32([1, -1])))), False),
    "0": (scalar(0), True),
}


@pytest.mark.parametrize("case", NEVER_NEGATIVE)
def test_what_is_never_negative(case: str) -> None:
    expression, expected = NEVER_NEGATIVE[case]
    assert (limits(expression)[0] >= 0) == expected


def test_a_program_numbers_inputs_constants_and_steps() -> None:
    """Equal constants are one, bit for bit: -0.0 is not 0.0."""
    zero, other, minus = scalar(0.0), scalar(0.0), scalar(-0.0)
    first = Step("add", (Input(9), zero))
    whole = Step("fma", (first, other, Step("multiply", (Input(4), minus))))
    program = compile_program(whole)
    assert program.inputs == [9, 4]
    assert [constant.tobytes() for constant in program.constants] == [zero.values.tobytes(), minus.values.tobytes()]
    assert [(step.kind, step.operands) for step in program.steps] == [
        ("add", (0, 2)), ("multiply", (1, 3)), ("fma", (4, 2, 5)),
    ]  # fmt: skip
    assert program.result == 6


def test_a_program_of_one_tensor_has_no_steps() -> None:
    program = compile_program(Input(3))
    assert (program.inputs, program.constants, program.steps, program.result) == ([3], [], [], 0)


@pytest.mark.parametrize(
    ("x", "slope", "wanted"),
    [((0.0, 3.0), (-1.0, 0.5), (0.0, 3.0)), ((-2.0, 3.0), (-1.0, 0.0), (0.0, np.inf)),
     ((-2.0, 3.0), (-1.0, 0.5), (-np.inf, np.inf)), ((0.5, 3.0), (0.1, 0.5), (0.5, 3.0))],
)  # fmt: skip
def test_limits_of_a_prelu(x: tuple[float, float], slope: tuple[float, float], wanted: tuple[float, float]) -> None:
    expression = Step("prelu", (Input(0), Constant(np.array(slope, np.float32))))
    assert limits(expression, lambda tensor: x) == wanted


A, B = Input(0), Input(1)  # from -2 to 3, and from 1 to 4
EXACT_LIMITS = {
    "a tensor": (A, (-2, 3)),
    "constants": (Constant(np.float32([2, -5, 3])), (-5, 3)),
    "sum": (Step("add", (A, B)), (-1, 7)),
    "difference": (Step("subtract", (A, B)), (-6, 2)),
    "product": (Step("multiply", (A, B)), (-8, 12)),
    "square": (Step("multiply", (A, A)), (0, np.inf)),
    "quotient": (Step("divide", (A, B)), (-2, 3)),
    "quotient by what may be 0": (Step("divide", (B, A)), (-np.inf, np.inf)),
    "quotient by what ends at 0": (Step("divide", (A, Step("subtract", (B, scalar(1))))), (-np.inf, np.inf)),
    "quotient by what is near 0": (
        Step("divide", (B, Step("subtract", (Step("sigmoid", (A,)), scalar(0.5))))),
        (-np.inf, np.inf),
    ),
    "quotient of what is positive by what begins at 0": (
        Step("divide", (B, Step("subtract", (B, scalar(1))))),
        (-np.inf, np.inf),  # of -0
    ),
    "maximum": (Step("maximum", (A, B)), (1, 4)),
    "minimum": (Step("minimum", (A, B)), (-2, 3)),
    "magnitude": (Step("maximum", (A, Step("multiply", (A, scalar(-1))))), (0, np.inf)),
    "maximum with twice the negative": (Step("maximum", (A, Step("multiply", (A, scalar(-2))))), (-2, 4)),
    "maximum with another's negative": (Step("maximum", (A, Step("multiply", (B, scalar(-1))))), (-2, 3)),
    "sigmoid": (Step("sigmoid", (A,)), (0, 1)),
    "silu": (Step("silu", (A,)), (-np.inf, np.inf)),
}


@pytest.mark.parametrize("case", EXACT_LIMITS)
def test_limits(case: str) -> None:
    expression, wanted = EXACT_LIMITS[case]
    assert limits(expression, {0: (-2.0, 3.0), 1: (1.0, 4.0)}.__getitem__) == wanted


def test_what_one_op_holds() -> None:
    """16 tensors, 256 constants and 256 steps; equal constants are one."""

    def sums(operands: list[Expression]) -> Expression:
        result = operands[0]
        for operand in operands[1:]:
            result = Step("add", (result, operand))
        return result

    tensors: list[Expression] = [Input(number) for number in range(17)]
    numbers: list[Expression] = [scalar(number) for number in range(257)]
    assert fits_one_op(sums(tensors[:16]))
    assert not fits_one_op(sums(tensors))
    assert fits_one_op(sums([A, *numbers[:256]]))  # 256 steps, too
    assert not fits_one_op(sums([A, *[numbers[1]] * 257]))
    constants = Step("add", (A, Step("add", (numbers[0], numbers[1]))))
    assert fits_one_op(constants)
    pairs: list[Expression] = [
        Step("prelu", (number, other)) for number, other in zip(numbers[:128], numbers[128:256], strict=True)
    ]
    assert fits_one_op(sums(pairs))  # 255 steps, 256 constants
    assert not fits_one_op(sums([*pairs, numbers[256]]))
