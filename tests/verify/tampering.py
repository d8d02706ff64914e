"""Random single changes of a model file, by kind; each is a file that another hand could have written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from signbit.modelfile import ModelFile, Op
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.select import Select
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import Intervals, Tables
from signbit.modelfile.ops.window import Window
from signbit.modelfile.steps import STEPS, Step
from signbit.preprocessing import Preprocessing

Random = np.random.Generator
Change = Callable[[Random], ModelFile]


@dataclass(frozen=True)
class Tampering:
    """One change, and the kind that it is counted under."""

    kind: str
    change: Change


def tamperings(model: ModelFile) -> Iterator[Tampering]:
    """Every place where the file can be changed, each with a change to be drawn."""
    for index, op in enumerate(model.ops):
        for kind, change in _of_op(op):
            yield Tampering(kind, _with_op(model, index, change))
        for position in range(len(op.inputs)):
            yield Tampering("edges", _another_input(model, index, position))
    for index in range(len(model.ops) - 1):
        yield Tampering("order", _swapped_ops(model, index))
    for _ in range(6):
        yield Tampering("labels", lambda random: replace(model, labels=_labels(model, random)))
        yield Tampering("preprocessing", lambda random: replace(model, preprocessing=_photos(model, random)))
    yield Tampering("edges", lambda random: replace(model, output=int(random.integers(len(model.tensors)))))


def _with_op(model: ModelFile, index: int, change: Callable[[Random], Op]) -> Change:
    return lambda random: replace(model, ops=[*model.ops[:index], change(random), *model.ops[index + 1 :]])


def _another_input(model: ModelFile, index: int, position: int) -> Change:
    op = model.ops[index]
    own = op.inputs[position]
    kinds = [(tensor.dtype, tensor.shape) for tensor in model.tensors]
    fitting = [number for number, kind in enumerate(kinds) if kind == kinds[own] and number != own]

    def change(random: Random) -> ModelFile:
        inputs = list(op.inputs)
        inputs[position] = int(random.choice(fitting)) if fitting else int(random.integers(len(kinds)))
        return replace(model, ops=[*model.ops[:index], replace(op, inputs=tuple(inputs)), *model.ops[index + 1 :]])

    return change


def _swapped_ops(model: ModelFile, index: int) -> Change:
    ops = list(model.ops)
    ops[index : index + 2] = ops[index + 1], ops[index]
    return lambda random: replace(model, ops=ops)


def _labels(model: ModelFile, random: Random) -> list[str]:
    labels = list(model.labels)
    one, other = random.choice(len(labels), 2, replace=False)
    which = random.integers(3)
    if which == 0:
        return []
    labels[one], labels[other] = labels[other], labels[one]
    return labels if which == 1 else [*labels[:one], "yak", *labels[one + 1 :]]


def _photos(model: ModelFile, random: Random) -> Preprocessing | None:
    given = model.preprocessing
    assert given is not None
    resized, filtered = replace(given, resize=int(random.integers(6, 20))), replace(given, filter="bicubic")
    return [None, resized, filtered][int(random.integers(3))]


# ---- one op


def _of_op(op: Op) -> Iterator[tuple[str, Callable[[Random], Op]]]:
    names = {field.name for field in fields(op)}  # type: ignore[arg-type]
    if isinstance(op, (BinaryConv, IntegerConv, FloatConv)):
        for _ in range(4):
            yield "weights", lambda random: replace(op, weights=_weights(op.weights, random))  # type: ignore[call-arg]
            yield "order", lambda random: replace(op, weights=_swapped_rows(op.weights, random))  # type: ignore[call-arg]
    if "window" in names:
        yield "padding", lambda random: replace(op, window=_window(op.window, random))  # type: ignore[attr-defined, call-arg]
    if isinstance(op, BinaryConv):
        yield "padding", lambda random: replace(op, padding_value=int(random.choice([-1, 0, 1])))
        yield "weights", lambda random: replace(op, groups=int(random.choice([1, 2, 3])))
    if isinstance(op, FloatConv) and op.bias is not None:
        yield "constants", lambda random: replace(op, bias=_one_ulp(op.bias, random))
    if isinstance(op, (BinaryConv, Threshold)) and op.intervals is not None:
        for _ in range(4):
            yield "thresholds", lambda random: replace(op, intervals=_intervals(op.intervals, random))
    if isinstance(op, Threshold) and op.tables is not None:
        for _ in range(6):
            yield "tables", lambda random: replace(op, tables=_tables(op.tables, random))
    if isinstance(op, Lookup):
        for _ in range(6):
            yield "tables", lambda random: _lookup(op, random)
    if isinstance(op, MaxPool):
        yield "pools", lambda random: replace(op, minimum=_minimum(op, random))
    if isinstance(op, Select):
        yield "channels", lambda random: replace(op, index=_one_of(op.index, int(random.integers(-1, 6)), random))
    if isinstance(op, Pointwise):
        yield "steps", lambda random: _steps(op, random)
        for position in range(len(op.constants)):
            yield "constants", lambda random, position=position: _constant(op, position, random)  # type: ignore[misc]


def _weights(weights: Any, random: Random) -> Any:
    if weights.dtype == np.float32:
        return _one_ulp(weights, random)
    if weights.dtype == np.int8:
        return _one_of(weights, int(random.integers(-3, 4)), random)
    bit = np.uint64(random.integers(4 if random.integers(4) else 64))  # the smallest layer has four channels
    return _one_of(weights, None, random, lambda word: word ^ (np.uint64(1) << bit))


def _swapped_rows(weights: Any, random: Random) -> Any:
    new = weights.copy()
    one, other = random.choice(len(new), 2, replace=False)
    new[[one, other]] = new[[other, one]]
    return new


def _one_of(array: Any, value: Any, random: Random, change: Callable[[Any], Any] | None = None) -> Any:
    new = array.copy()
    flat = new.reshape(-1)
    place = int(random.integers(flat.size))
    flat[place] = value if change is None else change(flat[place])
    return new


def _one_ulp(array: Any, random: Random) -> Any:
    towards = np.float32(random.choice([-np.inf, np.inf]))
    return _one_of(array, None, random, lambda value: np.nextafter(value, towards))


def _window(window: Window, random: Random) -> Window:
    name = str(random.choice(["stride", "padding", "dilation"]))
    pair = list(getattr(window, name))
    pair[int(random.integers(2))] += int(random.choice([-1, 1]))
    return replace(window, **{name: tuple(pair)})


def _intervals(intervals: Intervals, random: Random) -> Intervals:
    name = str(random.choice(["low", "high", "inverted"]))
    if name == "inverted":
        return replace(intervals, inverted=_one_of(intervals.inverted, None, random, np.logical_not))
    by = int(random.choice([-2, -1, 1, 2]))
    limits = np.iinfo(np.int32)
    return replace(
        intervals,
        **{
            name: _one_of(
                getattr(intervals, name), None, random, lambda n: np.clip(int(n) + by, limits.min, limits.max)
            )
        },
    )


def _tables(tables: Tables, random: Random) -> Tables:
    which = int(random.integers(6))
    if which == 0:
        return replace(tables, first=tables.first + int(random.choice([-1, 1])))
    if which == 1:
        return replace(tables, row=_one_of(tables.row, int(random.integers(-1, len(tables.negative))), random))
    return replace(tables, negative=_one_of(tables.negative, None, random, np.logical_not))


def _lookup(op: Lookup, random: Random) -> Lookup:
    if random.integers(4) == 0:
        return replace(op, first=op.first + int(random.choice([-1, 1])))
    return replace(op, values=_one_ulp(op.values, random))


def _minimum(op: MaxPool, random: Random) -> Any:
    return None if op.minimum is None else _one_of(op.minimum, None, random, np.logical_not)


def _steps(op: Pointwise, random: Random) -> Pointwise:
    if not op.steps or random.integers(4) == 0:
        values = len(op.inputs) + len(op.constants) + len(op.steps)
        return replace(op, results=tuple(_one_of(np.array(op.results), int(random.integers(values)), random).tolist()))
    place = int(random.integers(len(op.steps)))
    step = op.steps[place]
    if random.integers(2):
        alike = [kind.name for kind in STEPS.values() if kind.arity == len(step.operands)]
        new = Step(str(random.choice(alike)), step.operands)
    else:
        values = len(op.inputs) + len(op.constants) + place
        operands = _one_of(np.array(step.operands), int(random.integers(values)), random)
        new = Step(step.kind, tuple(operands.tolist()))
    return replace(op, steps=(*op.steps[:place], new, *op.steps[place + 1 :]))


def _constant(op: Pointwise, position: int, random: Random) -> Pointwise:
    constants = list(op.constants)
    constants[position] = _one_ulp(constants[position], random)
    return replace(op, constants=tuple(constants))
