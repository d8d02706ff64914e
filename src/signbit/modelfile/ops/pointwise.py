"""A list of float32 steps on each value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.bits import as_signs
from signbit.modelfile.bounds import Bounded, exact
from signbit.modelfile.ops.op import Array, Op, Record, constant_of
from signbit.modelfile.steps import Step, StepKind, step_kind, step_of_code
from signbit.modelfile.tensor import Tensor

Value = TypeVar("Value", NDArray[np.float32], Bounded)

_MOST_ENDS, _MOST_CONSTANTS, _MOST_STEPS = 16, 256, 256
_STEP_ATTRIBUTES = 4  # the code and three operands


@final
@dataclass(frozen=True, eq=False)
class Pointwise(Op):
    """Float32 steps on tensors of one shape and any type: to float32, or to bits that are +1 where the value is >= 0.

    Values are numbered: the inputs (integers and pixels as floats, bits as +1 and -1), then the constants, then the
    steps.

    Attributes:
        steps: the steps; each uses earlier values.
        constants: float32 [C] or [1].
        results: for each output, the number of its value.
    """

    kind: ClassVar[str] = "pointwise"
    code: ClassVar[int] = 5
    exact: ClassVar[bool] = False
    input_types: ClassVar[tuple[str, ...]] = ("uint8", "int32", "float32", "bits")
    output_types: ClassVar[tuple[str, ...]] = ("float32", "bits")

    steps: tuple[Step, ...]
    constants: tuple[NDArray[np.float32], ...]
    results: tuple[int, ...]

    def encode(self) -> tuple[list[Array], list[int]]:
        attributes = [len(self.steps)]
        for step in self.steps:
            unused = [0] * (_STEP_ATTRIBUTES - 1 - len(step.operands))
            attributes += [step_kind(step.kind).code, *step.operands, *unused]
        return list(self.constants), [*attributes, *self.results]

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pointwise:
        _check_counts(record)
        channels = inputs[0].channels
        constants = tuple(
            constant_of(array, "float32", (1 if array.size == 1 else channels,), f"constant {number}")
            for number, array in enumerate(record.constants)
        )
        given, count = len(inputs) + len(constants), record.attributes[0]
        steps = tuple(
            _decode_step(record.attributes[1 + _STEP_ATTRIBUTES * number :][:_STEP_ATTRIBUTES], given + number)
            for number in range(count)
        )
        results = tuple(record.attributes[1 + _STEP_ATTRIBUTES * count :])
        if not all(0 <= number < given + count for number in results):
            raise ValueError(f"the outputs take the values {results}; there are {given + count}")
        return cls(*record.ends, steps, constants, results)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [inputs[0].shape for _ in self.outputs]

    def check_shapes(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        for tensor in (*inputs, *outputs):
            if tensor.shape != inputs[0].shape:
                raise ValueError(f"{tensor.name!r} is {tensor}; it must have the shape of the first input, {inputs[0]}")

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        floats = [images.astype(np.float32) for images in inputs]
        results = self._run([*floats, *self.constants], lambda kind: kind.run)
        whole = [np.broadcast_to(values, inputs[0].shape) for values in results]
        return [
            as_signs(values >= 0) if tensor.dtype == "bits" else values
            for values, tensor in zip(whole, outputs, strict=True)
        ]

    def bound(self, inputs: Sequence[Bounded]) -> list[Bounded]:
        """Of a bits output, the value whose sign is taken."""
        results = self._run([*inputs, *(exact(constant) for constant in self.constants)], lambda kind: kind.bound)
        shape = inputs[0].value.shape
        return [Bounded(np.broadcast_to(r.value, shape), np.broadcast_to(r.error, shape)) for r in results]

    def _run(self, values: list[Value], function: Callable[[StepKind], Callable[..., Value]]) -> list[Value]:
        """The results, of the inputs and constants."""
        with np.errstate(all="ignore"):
            for step in self.steps:
                values.append(function(step_kind(step.kind))(*(values[operand] for operand in step.operands)))
        return [values[number] for number in self.results]


def _check_counts(record: Record) -> None:
    for what, count, least, most in (
        ("inputs", len(record.inputs), 1, _MOST_ENDS),
        ("outputs", len(record.outputs), 1, _MOST_ENDS),
        ("constants", len(record.constants), 0, _MOST_CONSTANTS),
        ("steps", record.attributes[0] if record.attributes else -1, 0, _MOST_STEPS),
    ):
        if not least <= count <= most:
            raise ValueError(f"{count} {what}; it takes {least} to {most}")
    wanted = 1 + _STEP_ATTRIBUTES * record.attributes[0] + len(record.outputs)
    if len(record.attributes) != wanted:
        raise ValueError(f"{len(record.attributes)} attributes; it takes {wanted}")


def _decode_step(attributes: Sequence[int], values: int) -> Step:
    """A step that may take the first ``values`` values."""
    code, *operands = attributes
    kind = step_of_code(code)
    used, unused = operands[: kind.arity], operands[kind.arity :]
    if any(unused) or not all(0 <= operand < values for operand in used):
        raise ValueError(f"step {kind.name} has the operands {operands}; it takes {kind.arity} of {values} values")
    return Step(kind.name, tuple(used))
