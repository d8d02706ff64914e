"""Real values as expressions over tensors, which one `pointwise` op computes.

An expression is a tensor, a constant of each channel, or a step of other expressions. It stays an expression as long as
it can: a chain of torch's operators becomes one op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.steps import STEPS
from signbit.modelfile.steps import Step as FileStep

Floats = NDArray[np.float32]

# An op of the model file takes 16 inputs, 256 constants and 256 steps.
MAX_INPUTS, MAX_STEPS, MAX_CONSTANTS = 16, 256, 256


@dataclass(frozen=True, eq=False)
class Input:
    """A tensor of the draft, by its index."""

    tensor: int


@dataclass(frozen=True, eq=False)
class Constant:
    """One float32 for each channel, or one for all: [C] or [1]."""

    values: Floats


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a pointwise op: its name and its operands."""

    name: str
    operands: tuple[Expression, ...]

    @cached_property
    def parts(self) -> list[Expression]:
        """Every expression this one is made of, itself last, operands before what reads them, each once."""
        found: dict[int, Expression] = {}
        for operand in self.operands:
            found.update((id(part), part) for part in parts_of(operand))
        found[id(self)] = self
        return list(found.values())


Expression = Input | Constant | Step


def parts_of(expression: Expression) -> list[Expression]:
    """Every expression it is made of, itself last, operands before what reads them, each once."""
    return expression.parts if isinstance(expression, Step) else [expression]


def scalar(value: float) -> Constant:
    """The same number for every channel."""
    return Constant(np.array([value], np.float32))


def fits_one_op(expression: Expression) -> bool:
    """Whether one op of the model file can compute it."""
    parts = parts_of(expression)
    tensors = {part.tensor for part in parts if isinstance(part, Input)}
    steps = sum(isinstance(part, Step) for part in parts)
    constants = sum(isinstance(part, Constant) for part in parts)
    return len(tensors) <= MAX_INPUTS and steps <= MAX_STEPS and constants <= MAX_CONSTANTS


Result = TypeVar("Result")


def bottom_up(
    expression: Expression, leaf: Callable[[Input | Constant], Result], step: Callable[[Step, list[Result]], Result]
) -> Result:
    """What an expression comes to, from its leaves upwards: each part is computed once.

    Args:
        leaf: what a tensor or a constant comes to.
        step: what a step comes to, given that of its operands.
    """
    known: dict[int, Result] = {}
    for part in parts_of(expression):
        if isinstance(part, Step):
            known[id(part)] = step(part, [known[id(operand)] for operand in part.operands])
        else:
            known[id(part)] = leaf(part)
    return known[id(expression)]


def rewrite(expression: Expression, leaf: Callable[[Input | Constant], Expression]) -> Expression:
    """The same steps over other leaves."""
    return bottom_up(expression, leaf, lambda step, operands: Step(step.name, tuple(operands)))


def evaluate(expression: Expression, values: Mapping[int, Floats]) -> Floats:
    """Run an expression in numpy, rounded as the engine rounds it.

    Args:
        expression: of the tensors in ``values``.
        values: float32 of each tensor, channels last.
    """
    with np.errstate(all="ignore"):
        return bottom_up(
            expression,
            lambda leaf: values[leaf.tensor] if isinstance(leaf, Input) else leaf.values,
            lambda step, operands: STEPS[step.name].run(*operands),
        )


def is_correctly_rounded(expression: Expression) -> bool:
    """Whether each step is an IEEE operation, so that there is only one right result."""
    return all(STEPS[part.name].correctly_rounded for part in parts_of(expression) if isinstance(part, Step))


Limits = tuple[float, float]
"""The least and the largest value that something can have; NaN aside."""

_LARGE = np.float32(3e38)
ANY: Limits = (-np.inf, np.inf)


def limits(expression: Expression, tensors: Callable[[int], Limits] = lambda tensor: ANY) -> Limits:
    """What the values lie between, whatever the tensors hold.

    Args:
        tensors: what those of a tensor lie between.
    """

    def leaf(part: Input | Constant) -> Limits:
        return tensors(part.tensor) if isinstance(part, Input) else (float(part.values.min()), float(part.values.max()))

    return bottom_up(expression, leaf, _step_limits)


def _step_limits(step: Step, given: Sequence[Limits]) -> Limits:
    if step.name == "maximum" and _is_negative_of(*step.operands):
        return 0.0, np.inf
    if step.name in ("maximum", "minimum"):
        choose = max if step.name == "maximum" else min
        return choose(least for least, _ in given), choose(most for _, most in given)
    if step.name == "sigmoid":
        return 0.0, 1.0
    if step.name == "prelu":
        return given[0] if given[0][0] >= 0 else (0.0, np.inf) if given[1][1] <= 0 else ANY
    if step.name == "multiply" and step.operands[0] is step.operands[1]:
        return 0.0, np.inf
    with np.errstate(all="ignore"):
        found = _corner_values(step.name, given)
    return ANY if np.isnan(found).any() else (float(found.min()), float(found.max()))


def _is_negative_of(x: Expression, y: Expression) -> bool:
    """Whether y is -x, so that the larger of the two is the magnitude."""
    if not (isinstance(y, Step) and y.name == "multiply" and y.operands[0] is x):
        return False
    return isinstance(y.operands[1], Constant) and bool((y.operands[1].values == -1).all())


def _corner_values(name: str, given: Sequence[Limits]) -> Floats:
    """The values of a step that is monotone in each operand, at the corners of what they lie between."""
    if (name == "divide" and given[1][0] <= 0 <= given[1][1]) or name == "silu":
        return np.array([np.nan], np.float32)
    corners = np.array(list(product(*given)), np.float32).T.clip(-_LARGE, _LARGE)  # infinity times 0 is no limit
    return np.asarray(STEPS[name].run(*corners), np.float32)


@dataclass(frozen=True)
class Program:
    """What a pointwise op holds: input tensors, constants, steps, and the number of the value it gives."""

    inputs: list[int]
    constants: list[Floats]
    steps: list[FileStep]
    result: int


def compile_program(expression: Expression) -> Program:
    """Number the values of an expression as the model file does: inputs, then constants, then steps."""
    parts = parts_of(expression)
    inputs = list(dict.fromkeys(part.tensor for part in parts if isinstance(part, Input)))
    constants = {part.values.tobytes(): part.values for part in parts if isinstance(part, Constant)}  # -0.0 is not 0.0
    position = {content: len(inputs) + index for index, content in enumerate(constants)}
    first_step = len(inputs) + len(constants)
    number: dict[int, int] = {}
    steps: list[FileStep] = []
    for part in parts:
        if isinstance(part, Input):
            number[id(part)] = inputs.index(part.tensor)
        elif isinstance(part, Constant):
            number[id(part)] = position[part.values.tobytes()]
        else:
            number[id(part)] = first_step + len(steps)
            steps.append(FileStep(part.name, tuple(number[id(operand)] for operand in part.operands)))
    return Program(inputs, list(constants.values()), steps, number[id(expression)])


def tensors_of(expression: Expression) -> Iterator[int]:
    """The tensors it reads."""
    return (part.tensor for part in parts_of(expression) if isinstance(part, Input))
