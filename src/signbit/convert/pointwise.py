"""Operators that act on each element alone: which they are, and how the engine's pointwise op says the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from signbit.convert.rounding import fma
from signbit.convert.write import STEPS

SIGN = "signbit::sign"
IDENTITIES = frozenset(
    {
        "aten::clone",
        "aten::contiguous",
        "aten::detach",
        "aten::alias",
        "aten::dropout",
        "aten::feature_dropout",
        "aten::lift_fresh_copy",
        "aten::to",
        "aten::_to_copy",
        "aten::positive",
    }
)
# What may stand between an integer and a sign: torch itself evaluates these on every integer, so the engine need not
# know them. Anything here acts on each element alone, given constants that do not vary over the pixels.
_NAMES = """
    abs add batch_norm ceil celu clamp clamp_max clamp_min cos div elu eq erf exp floor ge gelu gt hardsigmoid hardtanh
    hardswish le leaky_relu log log_sigmoid lt maximum minimum mish mul ne neg pow prelu reciprocal relu relu6 round
    rsqrt rsub selu sigmoid sign silu sin softplus softsign sqrt square sub tanh threshold trunc where
"""
ELEMENTWISE = IDENTITIES.union(("aten::" + name for name in _NAMES.split()), {"signbit::silu"})

CHANNEL_PARAMETERS = frozenset({"aten::batch_norm", "aten::prelu"})
"""Operators whose parameters hold one value for each channel, whatever the rank of their input."""


def is_pointwise(node: fx.Node) -> bool:
    """Whether a node acts on each element alone."""
    schema = getattr(node.target, "_schema", None)
    return schema is not None and schema.name in ELEMENTWISE


def is_free_of_channels(node: fx.Node) -> bool:
    """Whether a node acts on each element alone and alike: no constant tensor takes part."""
    schema = getattr(node.target, "_schema", None)
    if schema is None or len(node.all_input_nodes) != 1 or node.all_input_nodes[0] is not node.args[0]:
        return False
    return schema.name == SIGN or schema.name in ELEMENTWISE


@dataclass(frozen=True, eq=False)
class Input:
    """A tensor of the model file, by its index."""

    tensor: int


@dataclass(frozen=True, eq=False)
class Constant:
    """One float32 for each channel, or one for all."""

    values: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a pointwise program: its name (a key of the writer's ``STEPS``) and up to three operands."""

    name: str
    operands: tuple[Expression, ...]


Expression = Input | Constant | Step


@dataclass(frozen=True)
class Program:
    """A pointwise op as the model file states it: input tensors, constants, attributes."""

    inputs: list[int]
    constants: list[NDArray[np.float32]]
    attributes: list[int]


class NotAStep(Exception):
    """An operator that the engine's pointwise op does not have; the message says which, or what is wrong with it."""


def scalar(value: float) -> Constant:
    """The same number for every channel."""
    return Constant(np.array([value], np.float32))


def per_channel(constant: Tensor | float, rank: int) -> NDArray[np.float32]:
    """A constant operand as one value for each channel, or one for all.

    Args:
        constant: a number or tensor that broadcasts against [N, C, H, W] (rank 4) or [N, C] (rank 2).
        rank: of the tensor it meets.

    Raises:
        NotAStep: it varies over batch or pixels.
    """
    tensor = torch.as_tensor(constant).detach().to(torch.float32)
    shape = [1] * (rank - tensor.dim()) + list(tensor.shape)
    if len(shape) > rank or any(size != 1 for axis, size in enumerate(shape) if axis != 1):
        raise NotAStep(f"a constant of shape {list(tensor.shape)} varies over the pixels")
    return tensor.reshape(-1).numpy().copy()


def _affine(x: Expression, args: Sequence[Any]) -> Expression:
    """Batch norm as torch's CPU kernel computes it in eval mode: ``fma(x, a, b)``.

    ``a = weight / sqrt(var + eps)`` and ``b = fma(-mean, a, bias)``, each rounded once.
    """
    weight, bias, mean, variance = (None if value is None else value.detach().float().numpy() for value in args[:4])
    if mean is None or variance is None:
        raise NotAStep("a batch norm without running statistics (track_running_stats=False) mixes images")
    a = np.float32(1) / np.sqrt(variance + np.float32(args[6]))
    if weight is not None:
        a = a * weight
    shift = np.zeros_like(mean) if bias is None else bias
    return Step("fma", (x, Constant(a), Constant(fma(-mean, a, shift))))


def _clamp(x: Expression, args: Sequence[Any]) -> Expression:
    low, high = (list(args) + [None, None])[:2]
    if low is not None:
        x = Step("maximum", (x, scalar(low)))
    return x if high is None else Step("minimum", (x, scalar(high)))


def translate(name: str, operands: Sequence[Any], alpha: float = 1.0) -> Expression:
    """One torch operator as steps.

    Args:
        name: the operator, ``aten::add`` say.
        operands: its positional arguments; tensors that depend on the input are `Expression`, constant operands of
            arithmetic are `Constant`, the others are torch's.
        alpha: the factor that add and sub give their second operand.

    Raises:
        NotAStep: the engine has no step for it.
    """
    x, args = operands[0], list(operands[1:])
    short = name.partition("::")[2]
    if name in IDENTITIES:
        return x  # type: ignore[no-any-return]
    if short in ("add", "sub", "rsub") and alpha != 1.0:
        raise NotAStep(f"{name} with alpha={alpha}")
    if short in _BINARY:
        return Step(_BINARY[short], (x, args[0]))
    if short in _UNARY:
        return _UNARY[short](x, args)
    raise NotAStep(f"the engine has no step for {name} in a real-valued stream")


_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "minimum": "minimum",
    "maximum": "maximum",
}

_UNARY: dict[str, Callable[[Expression, Sequence[Any]], Expression]] = {
    "rsub": lambda x, args: Step("subtract", (args[0], x)),
    "neg": lambda x, args: Step("multiply", (x, scalar(-1))),
    "relu": lambda x, args: Step("maximum", (x, scalar(0))),
    "relu6": lambda x, args: _clamp(x, (0, 6)),
    "hardtanh": lambda x, args: _clamp(x, args or (-1, 1)),
    "clamp": _clamp,
    "clamp_min": lambda x, args: _clamp(x, (args[0], None)),
    "clamp_max": lambda x, args: _clamp(x, (None, args[0])),
    "leaky_relu": lambda x, args: Step("prelu", (x, scalar(args[0] if args else 0.01))),
    "prelu": lambda x, args: Step("prelu", (x, Constant(args[0].detach().float().numpy()))),
    "silu": lambda x, args: Step("silu", (x,)),
    "sigmoid": lambda x, args: Step("sigmoid", (x,)),
    "batch_norm": _affine,
}


def compile_program(output: Expression) -> Program:
    """Number the values of an expression as the model file does: inputs, then constants, then steps."""
    inputs: list[int] = []
    constants: list[NDArray[np.float32]] = []
    steps: list[Step] = []
    seen: set[int] = set()

    def visit(expression: Expression) -> None:
        if id(expression) in seen:
            return
        seen.add(id(expression))
        if isinstance(expression, Input):
            if expression.tensor not in inputs:
                inputs.append(expression.tensor)
        elif isinstance(expression, Constant):
            if _position(constants, expression.values) is None:
                constants.append(expression.values)
        else:
            for operand in expression.operands:
                visit(operand)
            steps.append(expression)

    visit(output)
    step_index = {id(step): index for index, step in enumerate(steps)}

    def value(expression: Expression) -> int:
        if isinstance(expression, Input):
            return inputs.index(expression.tensor)
        if isinstance(expression, Constant):
            position = _position(constants, expression.values)
            assert position is not None
            return len(inputs) + position
        return len(inputs) + len(constants) + step_index[id(expression)]

    attributes = [len(steps)]
    for step in steps:
        operands = [value(operand) for operand in step.operands]
        attributes += [STEPS[step.name], *operands, *[0] * (3 - len(operands))]
    return Program(inputs, constants, [*attributes, value(output)])


def _position(constants: list[NDArray[np.float32]], values: NDArray[np.float32]) -> int | None:
    """Where equal constants (bit for bit: -0.0 is not 0.0) already stand."""
    wanted = values.tobytes()
    return next((index for index, known in enumerate(constants) if known.tobytes() == wanted), None)
