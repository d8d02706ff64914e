"""Operators that act on each element alone.

Between a product and a sign torch itself evaluates them on every integer, whatever their arguments are. In a stream of
real values the engine computes them, by the steps of its pointwise op: those say which arguments they take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from signbit.convert.capture import call as run_node
from signbit.convert.chain import pointwise_chain
from signbit.convert.expression import Constant, Expression, Input, Step, fits_one_op, parts_of, scalar
from signbit.convert.rule import Call, Refused, Rule, located
from signbit.convert.steadiness import Arrangement
from signbit.convert.value import Base, Fixed, Real, Stream, Value, image_of
from signbit.errors import ConvertError

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering

Operand = Callable[[str], Expression]

ENGINE_STEPS = (
    "add, sub, mul, div, minimum, maximum, clamp, ReLU, ReLU6, Hardtanh, LeakyReLU, PReLU, sigmoid, SiLU, batch norm"
)


class Pointwise(Rule):
    """An operator that acts on each element alone, given constants that do not vary over the pixels.

    Attributes:
        step_arguments: what the engine's steps understand, tensors aside, each with what may be given.
        instead: what to use in a stream of real values, where the engine has no step for it.
        by_channel: its parameters hold one value for each channel, whatever the rank of its input.
    """

    arguments: ClassVar[Mapping[str, str]] = {}
    step_arguments: ClassVar[Mapping[str, str]] = {}
    instead: ClassVar[str] = ""
    by_channel: ClassVar[bool] = False
    gives_list: ClassVar[bool] = False  # torch gives further results, which nobody may read
    is_steady: ClassVar[bool] = True  # where it has steps: whether torch computes them alike everywhere in memory
    words: ClassVar[str] = "pointwise"

    @property
    def has_step(self) -> bool:
        """Whether the engine computes it on real values."""
        return type(self).step is not Pointwise.step

    @property
    def steady(self) -> bool:
        """Whether torch's result does not depend on where an element lies in memory, see `steadiness`."""
        return self.has_step and self.is_steady

    def check(self, call: Call) -> None:
        """Torch evaluates every argument; what real values allow is checked in `_real`."""
        self.refuse_batch_size(call)

    def step(self, call: Call, operand: Operand) -> Expression:
        """The operator as steps of the engine.

        Args:
            operand: gives the expression of an argument by its name; a constant may stand for it.

        Raises:
            Refused: the engine has no step for it.
        """
        use = f"use {self.instead}" if self.instead else "use one that it supports"
        raise Refused(
            f"the engine does not support {call.operator} on real values; {use}. It supports {ENGINE_STEPS}. "
            "Directly between a binary product and a sign, every pointwise operator is allowed"
        )

    def check_dtype(self, call: Call) -> None:
        """See that real values are float32.

        Raises:
            Refused: they are not.
        """
        if call.dtype == torch.uint8:
            raise Refused(f"{call.operator} on uint8 wraps around at 256 in torch; call .float() on the image first")
        if call.dtype != torch.float32:
            raise Refused(f"{call.operator} gives {call.dtype}; real values must stay float32")

    def lower(self, call: Call, lowering: Lowering) -> Value | list[Value | None]:
        """A function of integers where all operands are functions of the same, else real values."""
        constants = self._constant_tensors(call)
        alike = not self.by_channel and all(constant.numel() == 1 for constant in constants)
        values = lowering.aligned(call, keep_order=alike)
        bases = [value.base for value in values]
        first = bases[0]
        if all(isinstance(base, Fixed) for base in bases):
            return self._fixed(call, values)
        if isinstance(first, Stream) and all(first.same_integers(base) for base in bases):
            self._check_constants(constants, len(call.axes) + 1)
            found = values[0].of(self._stream(call, lowering, bases))
        else:
            found = values[0].of(Real(first.shape, self._real(call, lowering, bases)))
        return [found, None, None] if self.gives_list else found

    def _fixed(self, call: Call, values: list[Value]) -> Value:
        """Of numbers that are the same for every image: what torch makes of them."""
        constants = call.lowering.graph.constants
        known = dict(zip(call.nodes.values(), map(_one_image, values, call.nodes.values()), strict=True))
        found = run_node(call.node, lambda node: known[node] if node in known else constants[node])
        found = found[0] if self.gives_list else found
        if found.dtype == torch.float64:
            raise Refused(f"{call.operator} gives {call.dtype}; the engine computes in float32")
        numbers = np.ascontiguousarray(found.to(torch.float32).numpy().reshape(-1))
        return Value(call.axes, Fixed(image_of(call.axes) or (1, 1, numbers.size), numbers))

    def _stream(self, call: Call, lowering: Lowering, bases: list[Base]) -> Stream:
        streams = [base for base in bases if isinstance(base, Stream)]
        varying, constants = list(call.nodes.values()), lowering.graph.constants

        fixed = {node: constants[node] for node in call.node.all_input_nodes if node in constants}
        if not self.by_channel:
            rank = len(call.axes) + 1
            fixed = {node: _one_pixel(value, rank) for node, value in fixed.items()}

        def operator(operands: list[Any], arrangement: Arrangement | None) -> Any:
            known = dict(fixed)
            known.update(zip(varying, operands, strict=True))
            if arrangement is None or self.steady:
                found = run_node(call.node, known.__getitem__)
                return found[0] if self.gives_list else found
            spread = [node for node, value in known.items() if isinstance(value, Tensor) and value.dim()]

            def on_elements(tensors: list[Tensor]) -> Tensor:
                result: Tensor = run_node(call.node, {**known, **dict(zip(spread, tensors, strict=True))}.__getitem__)
                return result

            return arrangement(on_elements, [known[node] for node in spread])

        chain = pointwise_chain([stream.chain for stream in streams], operator, self.steady)
        first = streams[0]
        try:
            expression: Expression | ConvertError = self._real(call, lowering, bases)
        except Refused as refused:
            expression = located(refused, call.node)
        except ConvertError as error:  # an operand cannot be read as floats
            expression = error
        return Stream(first.shape, first.tensor, first.bound, chain, expression, first.pool)

    def _real(self, call: Call, lowering: Lowering, bases: list[Base]) -> Expression:
        if self.has_step or call.dtype == torch.uint8:
            self.check_dtype(call)
        rank = len(call.axes) + 1
        names = list(call.nodes)
        by_name = dict(zip(names, bases, strict=True))

        def operand(name: str, in_tensors: bool = False) -> Expression:
            if name not in by_name:
                return Constant(per_channel(call[name], rank))
            base = by_name[name]
            if in_tensors and not isinstance(lowering.expression(base), (Input, Constant)):
                return Input(lowering.floats(base, call.node))
            return lowering.expression(base)

        self._check_steps(call, names)
        expression = self.step(call, operand)
        if not fits_one_op(expression):
            expression = self.step(call, lambda name: operand(name, in_tensors=True))
        _refuse_nan(expression)
        return expression

    def _check_steps(self, call: Call, values: list[str]) -> None:
        if not self.has_step:
            return
        for name, value in call.changed.items():
            is_operand = name in values or isinstance(value, Tensor) or name in self.operands
            if not is_operand and name not in self.step_arguments:
                supported = ", ".join([*self.operands, *self.step_arguments])
                raise Refused(
                    f"{call.operator} with {name}={value!r} is not supported on real values; the supported arguments "
                    f"are {supported}. {self.remedy(name)}"
                )

    operands: ClassVar[tuple[str, ...]] = ("self", "other")

    def remedy(self, argument: str) -> str:
        """What to do about an argument that is not supported."""
        return f"Leave {argument} at its default"

    def _constant_tensors(self, call: Call) -> list[Tensor]:
        return [value for value in call.arguments.values() if isinstance(value, Tensor)]

    def _check_constants(self, constants: list[Tensor], rank: int) -> None:
        if not self.by_channel:
            for constant in constants:
                collapsed(constant, rank)


def _one_image(value: Value, node: fx.Node) -> Tensor:
    assert isinstance(value.base, Fixed)
    numbers = value.base.values[value.numbers().reshape(-1)].reshape(1, *value.axes)
    return torch.from_numpy(numbers).to(node.meta["val"].dtype)


def _one_pixel(value: Any, rank: int) -> Any:
    return collapsed(value, rank) if isinstance(value, Tensor) and value.dim() else value


def clamped(x: Expression, low: Expression | None, high: Expression | None) -> Expression:
    """x between two limits; None is none."""
    if low is not None:
        x = Step("maximum", (x, low))
    return x if high is None else Step("minimum", (x, high))


def affine_sum(x: Expression, y: Expression, factor: float) -> Expression:
    """x + factor * y, with one rounding, as torch's CPU kernel computes it."""
    if factor in (1.0, -1.0):
        return Step("add" if factor == 1.0 else "subtract", (x, y))
    return Step("fma", (y, scalar(factor), x))


def hard_sigmoid(x: Expression) -> Expression:
    """min(max(x + 3, 0), 6) / 6."""
    return Step("divide", (clamped(Step("add", (x, scalar(3))), scalar(0), scalar(6)), scalar(6)))


def per_channel(constant: Any, rank: int) -> NDArray[np.float32]:
    """A constant operand as one value for each channel, or one for all.

    Args:
        constant: a number or tensor that broadcasts against [N, C, H, W] (rank 4) or [N, C] (rank 2).
        rank: of the tensor it meets.

    Raises:
        Refused: it varies over batch or pixels.
    """
    return collapsed(torch.as_tensor(constant), rank).to(torch.float32).reshape(-1).numpy().copy()


def _alike(one: Tensor, other: Tensor) -> bool:
    """Whether two constants are equal, zeros by their sign too: one may be divided by."""
    return torch.equal(one, other) and (one.is_complex() or torch.equal(one.signbit(), other.signbit()))


def collapsed(constant: Tensor, rank: int) -> Tensor:
    """A constant without the axes along which it does not vary; each stays as one element.

    Raises:
        Refused: it varies over images or pixels.
    """
    found = constant.detach()
    if found.numel() == 1:
        return found.reshape(-1) if found.dim() else found  # torch promotes types by tensors that have axes
    for axis in range(found.dim()):
        first = found.narrow(axis, 0, 1)
        if _alike(found, first.expand_as(found)):
            found = first
    shape = [1] * (rank - found.dim()) + list(found.shape)
    if len(shape) > rank or any(size != 1 for axis, size in enumerate(shape) if axis != 1):
        raise Refused(
            f"a constant of shape {list(constant.shape)} varies over the pixels or images; give one value for each "
            f"channel, of shape {[-1] + [1] * (rank - 2)}"
        )
    return found


def _refuse_nan(expression: Expression) -> None:
    for part in parts_of(expression):
        if isinstance(part, Constant) and np.isnan(part.values).any():
            count = int(np.isnan(part.values).sum())
            raise Refused(f"{count} of its constants are NaN; check its parameters and statistics")
