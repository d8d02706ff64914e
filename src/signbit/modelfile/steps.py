"""The steps of a pointwise op: one entry of ``STEPS`` holds everything that Python knows about a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from signbit.modelfile.bounds import SMALLEST, Bounded, Doubles
from signbit.modelfile.rounding import Floats, fma

_SIGMOID_UNITS = 4  # stated in docs/file-format.md; torch's own sigmoid and SiLU are within it too
_SILU_FLUSHED = 2.0**-120  # torch's SiLU is -0.0 below -88.7, where its exponential overflows


@dataclass(frozen=True)
class StepKind:
    """A function of one to three floats.

    Attributes:
        name: name of the step in Python.
        code: code of the step in a file.
        arity: number of operands.
        words: the formula, with operands a, b and c.
        run: computes the step on float32 arrays that broadcast; gives the same bits as the engine.
        bound: computes the result and its error bound from the operands and theirs.
        correctly_rounded: whether ``run`` gives the float nearest to the exact result.
    """

    name: str
    code: int
    arity: int
    words: str
    run: Callable[..., Floats]
    bound: Callable[..., Bounded]
    correctly_rounded: bool = True


@dataclass(frozen=True)
class Step:
    """One step of a pointwise op.

    Attributes:
        kind: a name in ``STEPS``.
        operands: numbers of earlier values: the inputs come first, then the constants, then the steps.

    Raises:
        ValueError: there is no such kind, or the number of operands is wrong for it.
    """

    kind: str
    operands: tuple[int, ...]

    def __post_init__(self) -> None:
        arity = step_kind(self.kind).arity
        if len(self.operands) != arity:
            raise ValueError(f"step {self.kind} has {len(self.operands)} operands; it takes {arity}")


def step_kind(name: str) -> StepKind:
    """The kind of step with this name.

    Raises:
        ValueError: there is no such kind; the message lists the kinds.
    """
    if name not in STEPS:
        raise ValueError(f"no step {name!r}; there are {', '.join(STEPS)}")
    return STEPS[name]


def step_of_code(code: int) -> StepKind:
    """The kind of step with this code.

    Raises:
        ValueError: no kind has this code.
    """
    if code not in _BY_CODE:
        raise ValueError(f"no step has the code {code}; there are {min(_BY_CODE)} to {max(_BY_CODE)}")
    return _BY_CODE[code]


def _minimum(a: Floats, b: Floats) -> Floats:
    return np.where((a < b) | np.isnan(a), a, b)


def _maximum(a: Floats, b: Floats) -> Floats:
    return np.where((a > b) | np.isnan(a), a, b)


def _prelu(a: Floats, b: Floats) -> Floats:
    return np.where(a > 0, a, a * b)


# The operations and constants of engine/src/sigmoid.h, which explains them.
_LEAST, _ROUND = np.float32(-104), np.float32(12582912)
_LOG2_E, _LN2_HIGH = np.float32(1.44269504088896341), np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440054690583e-4)
_C7 = np.float32(1.9875691500e-4)
_C6_TO_C2 = np.array([1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1], np.float32)


def _exponential(t: Floats) -> tuple[Floats, Floats, Floats]:
    """(over_one, first, second): exp(t) is (1 + over_one) * first * second, for t <= 0."""
    above = t > _LEAST  # not so for a NaN, which counts as the least
    clamped = np.where(above, t, _LEAST)
    n = fma(clamped, _LOG2_E, _ROUND) - _ROUND
    r = fma(n, -_LN2_LOW, fma(n, -_LN2_HIGH, clamped))
    p = np.full_like(r, _C7)
    for coefficient in _C6_TO_C2:
        p = fma(p, r, coefficient)
    p = fma(p, r * r, r)
    whole = n.astype(np.int32)
    half = whole >> 1
    first, second = (np.ldexp(np.float32(1), power).astype(np.float32) for power in (half, whole - half))
    return p, np.where(above, first, np.float32(0)), second


def _sigmoid(a: Floats) -> Floats:
    p, first, second = _exponential(-np.abs(a))
    z = ((p + np.float32(1)) * first) * second
    result = np.where(a >= 0, np.float32(1), z) / (np.float32(1) + z)
    return np.where(np.isnan(a), a, result)


def _silu(a: Floats) -> Floats:
    p, first, second = _exponential(-np.abs(a))
    z = ((p + np.float32(1)) * first) * second
    az = (fma(a, p, a) * first) * second
    result = np.where(a >= 0, a, az) / (np.float32(1) + z)
    return np.where(np.isnan(a), a, result)


def _bound_add(a: Bounded, b: Bounded) -> Bounded:
    return Bounded(a.value + b.value, a.error + b.error).rounded()


def _bound_subtract(a: Bounded, b: Bounded) -> Bounded:
    return Bounded(a.value - b.value, a.error + b.error).rounded()


def _product(a: Bounded, b: Bounded) -> Bounded:
    error = np.abs(a.value) * b.error + np.abs(b.value) * a.error + a.error * b.error
    return Bounded(a.value * b.value, error)


def _bound_multiply(a: Bounded, b: Bounded) -> Bounded:
    return _product(a, b).rounded()


def _bound_fma(a: Bounded, b: Bounded, c: Bounded) -> Bounded:
    product = _product(a, b)
    return Bounded(product.value + c.value, product.error + c.error).rounded()


def _bound_divide(a: Bounded, b: Bounded) -> Bounded:
    """Two roundings: torch multiplies by the reciprocal of a constant."""
    value, divisor = a.value / b.value, np.maximum(np.abs(b.value) - b.error, SMALLEST)
    return Bounded(value, (a.error + np.abs(value) * b.error) / divisor).rounded(2)


def _bound_minimum(a: Bounded, b: Bounded) -> Bounded:
    return Bounded(np.minimum(a.value, b.value), np.maximum(a.error, b.error))


def _bound_maximum(a: Bounded, b: Bounded) -> Bounded:
    return Bounded(np.maximum(a.value, b.value), np.maximum(a.error, b.error))


def _bound_prelu(a: Bounded, b: Bounded) -> Bounded:
    value = np.where(a.value > 0, a.value, a.value * b.value)
    slope = np.maximum(1.0, np.abs(b.value) + b.error)
    return Bounded(value, slope * a.error + np.abs(a.value) * b.error).rounded()


def _logistic(x: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-x)))


def _bound_sigmoid(a: Bounded) -> Bounded:
    """The slope of the sigmoid is at most 1/4."""
    return Bounded(_logistic(a.value), a.error / 4).rounded(_SIGMOID_UNITS)


def _bound_silu(a: Bounded) -> Bounded:
    """The slope of SiLU is below 1.1."""
    return Bounded(a.value * _logistic(a.value), 1.1 * a.error + _SILU_FLUSHED).rounded(_SIGMOID_UNITS + 1)


STEPS: dict[str, StepKind] = {
    kind.name: kind
    for kind in (
        StepKind("add", 1, 2, "a + b", np.add, _bound_add),
        StepKind("subtract", 2, 2, "a - b", np.subtract, _bound_subtract),
        StepKind("multiply", 3, 2, "a * b", np.multiply, _bound_multiply),
        StepKind("divide", 4, 2, "a / b", np.divide, _bound_divide),
        StepKind("minimum", 5, 2, "a < b or a is NaN ? a : b", _minimum, _bound_minimum),
        StepKind("maximum", 6, 2, "a > b or a is NaN ? a : b", _maximum, _bound_maximum),
        StepKind("fma", 7, 3, "fma(a, b, c)", fma, _bound_fma),
        StepKind("prelu", 8, 2, "a > 0 ? a : a * b", _prelu, _bound_prelu),
        StepKind("sigmoid", 9, 1, "sigmoid(a)", _sigmoid, _bound_sigmoid, correctly_rounded=False),
        StepKind("silu", 10, 1, "silu(a) = a * sigmoid(a)", _silu, _bound_silu, correctly_rounded=False),
    )
}
"""Every kind of step, by name."""

_BY_CODE = {kind.code: kind for kind in STEPS.values()}
