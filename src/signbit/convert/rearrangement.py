"""Operators that only rearrange elements: what they do to signs, to functions of integers and to real values.

The converter does not interpret the arguments of such an operator but runs it: torch rearranges the indices of the
elements, and the result shows where each element went. A change of axes alone costs nothing; the engine's ops are
written when a reader needs the elements in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from signbit.convert.chain import Chain, Piece, regrouped_chain
from signbit.convert.expression import Constant, Expression, Input, rewrite, tensors_of
from signbit.convert.rehearsal import first_line
from signbit.convert.rule import BATCH, Call, Refused, Result, Rule, located
from signbit.convert.value import Base, Fixed, Real, Shape, Signs, Stream, Value, image_of, one_for_each_channel
from signbit.errors import ConvertError
from signbit.modelfile.ops.flatten import Flatten
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering

Indices = NDArray[np.int64]

BETWEEN_IMAGES = "it moves elements from one image to another; axis 0 must stay the axis of the images"
MAX_SIDE = 255  # of a kernel, a stride and a dilation of the engine


class Rearrangement(Rule):
    """An operator that only rearranges elements; a subclass names the operator and its arguments.

    It is run on the indices of the elements, so every argument that torch supports is supported.
    """

    words: ClassVar[str] = "moves elements"
    batch_size_arguments: ClassVar[frozenset[str]] = frozenset({"size", "sizes", "shape", "repeats"})
    index_arguments: ClassVar[tuple[str, ...]] = ()
    """Arguments whose tensors select elements and are not rearranged themselves."""

    def move(self, call: Call, arguments: dict[str, Any], fixed: Callable[[float], int]) -> Any:
        """Run the operator on indices of elements.

        Args:
            arguments: of the operator, with int64 tensors in place of the tensors.
            fixed: gives the number that stands for an element that is the same for every image.
        """
        return call.node.target(**arguments)  # type: ignore[operator]

    def lower(self, call: Call, lowering: Lowering) -> Result:
        """Values whose elements are those of the operands."""
        numbers = _Numbers()
        _check_types(call, self.index_arguments)
        arguments = {
            name: value if name in self.index_arguments else numbers.of(value) for name, value in call.arguments.items()
        }
        try:
            moved = self.move(call, arguments, numbers.fixed)
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            raise Refused(
                f"{call.operator} cannot be converted: {first_line(error)}. It must work for any number of images: use "
                "x.shape[0] or -1 instead of a number or len(x)"
            ) from error
        if isinstance(moved, Tensor):
            return _place(numbers.per_image(moved), numbers, call, lowering)
        return [_place(numbers.per_image(each), numbers, call, lowering) for each in moved]


def _check_types(call: Call, index_arguments: tuple[str, ...]) -> None:
    """Refuse casts, such as ``y[:, :8] = z`` with another type."""
    moved = [call.arguments[name] for name in call.arguments if name not in index_arguments]
    tensors: list[torch.dtype] = []
    fx.node.map_aggregate(moved, lambda each: tensors.append(each.dtype) if isinstance(each, Tensor) else None)
    nodes = [node for node in call.node.all_input_nodes if isinstance(call.lowering.known(node), Value)]
    types = {*tensors, *(node.meta["val"].dtype for node in nodes)} - {call.dtype}
    if types:
        raise Refused(
            f"{call.operator} casts {', '.join(map(str, types))} to {call.dtype}; cast before it, or remove the cast"
        )


@dataclass(frozen=True, eq=False)
class _Source:
    """An operand: its elements have the numbers from ``first`` on, the second image's after the first one's."""

    value: Value | None  # None: numbers that are the same for every image
    first: int
    count: int
    fixed: NDArray[np.float32] | None = None


class _Numbers:
    """Numbers for the elements of all operands of one call."""

    def __init__(self) -> None:
        self.sources: list[_Source] = []
        self._next = 0

    def of(self, argument: Any) -> Any:
        """An argument with numbers in place of the elements of its tensors."""
        if isinstance(argument, (list, tuple)):
            return [self.of(each) for each in argument]
        if isinstance(argument, Value) and isinstance(argument.base, Fixed):
            values = argument.base.values.reshape(-1)[argument.numbers().reshape(-1)]
            first = self._add(_Source(None, self._next, len(values), values), len(values))
            return torch.arange(first, first + len(values)).reshape(argument.axes).expand(BATCH, *argument.axes)
        if isinstance(argument, Value):
            count = int(np.prod(argument.axes))
            first = self._add(_Source(argument, self._next, count), BATCH * count)
            return torch.arange(first, first + BATCH * count).reshape(BATCH, *argument.axes)
        if isinstance(argument, Tensor):
            values = argument.detach().float().reshape(-1).numpy()
            first = self._add(_Source(None, self._next, len(values), values), len(values))
            return torch.arange(first, first + len(values)).reshape(argument.shape)
        return int(argument) if type(argument) is not bool and isinstance(argument, int) else argument

    def fixed(self, number: float) -> int:
        """The number of an element that is the same for every image."""
        values = np.array([number], np.float32)
        return self._add(_Source(None, self._next, 1, values), 1)

    def _add(self, source: _Source, numbers: int) -> int:
        self.sources.append(source)
        self._next += numbers
        return source.first

    def per_image(self, moved: Tensor) -> tuple[tuple[int, ...], Indices, Indices]:
        """Axes, source and element of the first image's results, once the second image's are the same.

        Raises:
            Refused: elements change their image.
        """
        found = moved.numpy()
        if found.ndim == 0 or len(found) != BATCH:
            raise Refused("it moves or merges the batch axis; axis 0 must stay the axis of the images")
        starts = np.array([source.first for source in self.sources])
        steps = np.array([0 if source.value is None else source.count for source in self.sources])
        which = np.searchsorted(starts, found[0], side="right") - 1
        if (
            not np.array_equal(found[0] + steps[which], found[1])
            or (found[0] >= (starts + steps)[which])[steps[which] > 0].any()
        ):
            raise Refused(BETWEEN_IMAGES)
        return tuple(found.shape[1:]), which, found[0] - starts[which]


Moved = tuple[tuple[int, ...], Indices, Indices]


def _place(moved: Moved, numbers: _Numbers, call: Call, lowering: Lowering) -> Value:
    axes, which, element = moved
    if not which.size:
        raise Refused("nothing of the image is left; keep at least one channel")
    fixed = _fixed(which, element, numbers)
    if fixed is not None:
        return Value(axes, Fixed(image_of(axes) or (1, 1, fixed.size), fixed))
    if (which == which.flat[0]).all() and (value := numbers.sources[which.flat[0]].value) is not None:
        found = value.numbers().reshape(-1)[element]
        whole = found.size == int(np.prod(value.base.shape)) and np.array_equal(
            found.reshape(-1), np.arange(found.size)
        )
        return Value(axes, value.base, None if whole else found)
    return _join(axes, which, element, numbers, call, lowering)


def _fixed(which: Indices, element: Indices, numbers: _Numbers) -> NDArray[np.float32] | None:
    """The elements, where they are the same for every image; None where one is not."""
    found = np.empty(which.shape, np.float32)
    for number in np.unique(which):
        values = numbers.sources[number].fixed
        if values is None:
            return None
        found[which == number] = values[element[which == number]]
    return found.reshape(-1)


# ---- several operands: channels side by side


@dataclass(frozen=True, eq=False)
class _Run:
    """Channels of the result that come from one operand; -1 is a channel of zeros, ``fixed`` holds other numbers."""

    base: Base | None
    channels: Indices
    fixed: NDArray[np.float32] | None = None


def _join(
    axes: tuple[int, ...],
    which: Indices,
    element: Indices,
    numbers: _Numbers,
    call: Call,
    lowering: Lowering,
    *,
    named: bool = True,
) -> Value:
    """Channels side by side.

    Args:
        named: whether the result is the node's value, in its order.
    """
    shape = image_of(axes)
    if shape is None:
        return _join_bases(axes, which, element, numbers, call, lowering)
    height, width, channels = shape
    which, element = which.reshape(channels, -1), element.reshape(channels, -1)
    if not (which == which[:, :1]).all():
        raise Refused(
            "it joins or pads along the height or width; the engine only joins channels (axis 1). Use the padding of a "
            "convolution or a pool instead"
        )
    runs = []
    for number, rows in groupby(range(channels), key=lambda row: int(which[row, 0])):
        runs.append(_run(numbers.sources[number], element[list(rows)], (height, width), call.node, lowering))
    bases = {id(run.base): run.base for run in runs if run.base is not None}
    kinds = {type(base) for base in bases.values()}
    joiner = _Joiner(shape, runs, call.node, lowering, named)
    if kinds == {Signs} and all(_holds_signs(run) for run in runs):
        return Value(axes, joiner.signs())
    if kinds == {Stream} and all(base.pool is None for base in bases.values() if isinstance(base, Stream)):
        return Value(axes, joiner.stream(len(axes) + 1))
    return Value(axes, Real(shape, Input(joiner.floats())))


def _join_bases(
    axes: tuple[int, ...], which: Indices, element: Indices, numbers: _Numbers, call: Call, lowering: Lowering
) -> Value:
    """A result that is no image, such as of ``stack``: the channels of all operands, and numbers among them."""
    values = {int(number): numbers.sources[number].value for number in np.unique(which)}
    placed = [lowering.in_place(value, call.node) for value in values.values() if value is not None]
    sizes = {value.base.shape[:2] for value in placed}
    if len(placed) < len(values) or len(sizes) > 1:
        raise Refused(f"it joins tensors of {len(axes) + 1} axes; join images [N, C, H, W] or vectors [N, C]")
    (height, width), counts = sizes.pop(), [value.base.shape[2] for value in placed]
    starts = np.cumsum([0, *counts])
    whole = np.repeat(np.arange(len(counts)), counts), np.concatenate([np.arange(count) for count in counts])
    pixels = np.arange(height * width)
    sources = _Numbers()
    for value in placed:
        sources.of(value)
    element_of = (whole[1][:, None] * len(pixels) + pixels).reshape(-1)
    shape = (int(starts[-1]), height, width)
    joined = _join(shape, np.repeat(whole[0], len(pixels)), element_of, sources, call, lowering, named=False)
    first = np.zeros(max(values) + 1, np.int64)
    first[list(values)] = starts[:-1] * len(pixels)
    return Value(axes, joined.base, first[which] + element)


def _run(source: _Source, element: Indices, size: tuple[int, int], node: fx.Node, lowering: Lowering) -> _Run:
    """Which channels of an operand some channels of the result are."""
    if source.fixed is not None:
        found = one_for_each_channel(source.fixed[element])
        if found is None:
            raise Refused("it sets pixels of one channel to different numbers; set whole channels to one number each")
        return _Run(None, np.full(len(element), -1), found)
    assert source.value is not None
    value = source.value
    if value.base.shape[:2] == size:  # whole channels of the base, whatever became of its axes
        channels = _whole_channels(value.numbers().reshape(-1)[element])
        if channels is not None:
            return _Run(value.base, channels)
    channels = _whole_channels(element)
    if channels is None:
        raise Refused("it moves pixels and joins channels; the engine only joins whole channels. Use two operators")
    return _Run(lowering.in_place(value, node).base, channels)


def _whole_channels(element: Indices) -> Indices | None:
    """The channels that [C, pixels] numbers are, each in order; None where they are not."""
    pixels = element.shape[1]
    channel = element[:, :1] // pixels
    return channel[:, 0] if np.array_equal(element, channel * pixels + np.arange(pixels)) else None


def _holds_signs(run: _Run) -> bool:
    return run.fixed is None or bool((run.fixed == 1).all())


def _is_zero(values: NDArray[np.float32]) -> bool:
    return bool((values.view(np.uint32) == 0).all())  # -0.0 is another number


def _grouped(runs: Sequence[_Run], is_zero: Callable[[_Run], bool]) -> list[_Run]:
    """The runs, with channels of zeros given to the operand beside them, since one op does both."""
    found: list[_Run] = []
    for run in runs:
        before = found[-1] if found else None
        if before is not None and before.fixed is None and run.fixed is not None and is_zero(run):
            found[-1] = replace(before, channels=np.concatenate([before.channels, run.channels]))
        elif (
            before is not None
            and before.fixed is not None
            and run.fixed is not None
            and is_zero(before) == is_zero(run)
        ):
            fixed = np.concatenate([before.fixed, run.fixed])
            found[-1] = replace(before, channels=np.concatenate([before.channels, run.channels]), fixed=fixed)
        elif before is not None and before.fixed is not None and is_zero(before) and run.fixed is None:
            found[-1] = replace(run, channels=np.concatenate([before.channels, run.channels]))
        elif before is not None and before.fixed is None and before.base is run.base and run.fixed is None:
            found[-1] = replace(before, channels=np.concatenate([before.channels, run.channels]))
        else:
            found.append(run)
    return found


def _first_base(runs: Sequence[_Run]) -> Base:
    return next(run.base for run in runs if run.base is not None)


@dataclass(frozen=True, eq=False)
class _Joiner:
    """Writes the ops that join runs of channels.

    Attributes:
        shape: of the result.
        named: whether the result is the node's value, in its order.
    """

    shape: Shape
    runs: Sequence[_Run]
    node: fx.Node
    lowering: Lowering
    named: bool

    def signs(self) -> Signs:
        """Join signs and channels of +1."""
        grouped = _grouped(self.runs, lambda run: True)
        parts = [(run.base.tensor, run.channels) for run in grouped if isinstance(run.base, Signs)]
        return Signs(self.shape, self._name(self._concat(parts)))

    def stream(self, rank: int) -> Stream:
        """Join functions of integers and constant channels."""
        grouped = _grouped(self.runs, lambda run: True)  # integers of a channel that is set do not matter
        joined = self._concat([(run.base.tensor, run.channels) for run in grouped if isinstance(run.base, Stream)])
        pieces = [_piece(run) for run in self.runs]
        bound = np.concatenate([_bound(run) for run in self.runs])
        chain = regrouped_chain(pieces, rank)
        if all(piece.chain is not None and piece.chain.is_identity for piece in pieces):
            chain = Chain((), rank, self.shape[2])
            self._name(joined)
        try:
            expression: Expression | ConvertError = Input(self.floats())
        except ConvertError as error:
            expression = error
        except Refused as refused:
            expression = located(refused, self.node)
        return Stream(self.shape, joined, bound, chain, expression)

    def floats(self) -> int:
        """Join values of any kind as a float32 tensor."""
        grouped = _grouped(self.runs, lambda run: run.fixed is not None and _is_zero(run.fixed))
        like = self.lowering.floats(_first_base(self.runs), self.node)
        tensors = [self._fixed(like, run.fixed) if run.fixed is not None else self._part(run) for run in grouped]
        return self._name(self.lowering.draft.concat(self.node, tensors))

    def _part(self, run: _Run) -> int:
        assert run.base is not None
        return self.lowering.draft.select(self.node, self.lowering.floats(run.base, self.node), run.channels)

    def _fixed(self, like: int, values: NDArray[np.float32]) -> int:
        zeros = self.lowering.draft.select(self.node, like, np.full(len(values), -1))
        return zeros if _is_zero(values) else self.lowering.draft.fixed(self.node, zeros, values)

    def _concat(self, parts: Sequence[tuple[int, Indices]]) -> int:
        draft = self.lowering.draft
        return draft.concat(self.node, [draft.select(self.node, tensor, channels) for tensor, channels in parts])

    def _name(self, tensor: int) -> int:
        return self.lowering.draft.name(tensor, self.node) if self.named else tensor


def _piece(run: _Run) -> Piece:
    if isinstance(run.base, Stream):
        return Piece(run.channels, run.base.chain)
    return Piece(run.channels, None, run.fixed)


def _bound(run: _Run) -> Indices:
    return run.base.bound[run.channels] if isinstance(run.base, Stream) else np.zeros(len(run.channels), np.int64)


# ---- one operand: its elements put in place


def put_in_place(value: Value, node: fx.Node, lowering: Lowering) -> Value:
    """The value as an image or a vector whose elements are where the engine's ops expect them.

    Args:
        node: the one that needs it, for messages and names.

    Raises:
        Refused: the engine has no op that moves them so.
    """
    rank = len(value.axes) + 1
    if value.in_place and not (isinstance(value.base, Stream) and value.base.chain.rank != rank):
        return value
    shape = image_of(value.axes)
    if shape is None:
        raise Refused(
            f"it needs an image [N, C, H, W] or a vector [N, C], not a tensor of {len(value.axes) + 1} axes: "
            "keep axes of size 1 (x[:, 3:4], not x[:, 3]), or flatten"
        )
    base, index = value.base, value.numbers().reshape(shape[2], -1)
    if base.shape[:2] != (1, 1) and _steps(index, base.shape, shape) is None and shape[:2] == (1, 1):
        base = _moved(base, (1, 1, int(np.prod(base.shape))), 2, None, _flatten(node, lowering), node, lowering)
    steps = _steps(index, base.shape, shape)
    if steps is None:
        raise Refused(
            f"it needs the elements of {_words(base.shape)} in another order, as {_words(shape)}; the engine can "
            "flatten whole images, take every n-th pixel starting at the first, and select channels. Remove the "
            "rearrangement, or do it by a convolution with fixed weights"
        )
    return Value(value.axes, _select(base, shape, len(value.axes) + 1, steps, node, lowering))


def _words(shape: Shape) -> str:
    return f"{shape[0]} x {shape[1]} pixels and {shape[2]} channels"


@dataclass(frozen=True, eq=False)
class _Steps:
    """Every ``stride``-th pixel of some channels."""

    channels: Indices
    stride: tuple[int, int]


def _steps(index: Indices, base: Shape, shape: Shape) -> _Steps | None:
    """How an image of ``shape`` is taken from one of shape ``base``, or None where the engine has no way.

    Args:
        index: [C, pixels], numbers in the base.
    """
    pixels = base[0] * base[1]
    channels, place = index // pixels, index % pixels
    if not (channels == channels[:, :1]).all() or not (place == place[:1]).all():
        return None
    rows, columns = place[0].reshape(shape[:2]) // base[1], place[0].reshape(shape[:2]) % base[1]
    strides = [_stride(numbers, size) for numbers, size in zip((rows[:, 0], columns[0]), base[:2], strict=True)]
    if not all(strides) or not (rows == rows[:, :1]).all() or not (columns == columns[:1]).all():
        return None
    return _Steps(channels[:, 0], (strides[0], strides[1]))


def _stride(taken: Indices, size: int) -> int:
    """The step between rows or columns that are taken; 0 where a pool of single pixels cannot take them."""
    stride = int(taken[1]) if len(taken) > 1 else size
    fits = 0 < stride <= MAX_SIDE and (size - 1) // stride + 1 == len(taken)
    return stride if fits and np.array_equal(taken, np.arange(len(taken)) * stride) else 0


Emit = Callable[[int], int]
"""Write the op that moves one tensor of the draft, of whatever type; gives the result."""


def _flatten(node: fx.Node, lowering: Lowering) -> Emit:
    def emit(tensor: int) -> int:
        known = lowering.draft.tensors[tensor]
        output = lowering.draft.tensor(known.dtype, (1, 1, known.pixels * known.channels))
        return lowering.draft.add(Flatten(node.name, (tensor,), (output,)), node)

    return emit


def _select(base: Base, shape: Shape, rank: int, steps: _Steps, node: fx.Node, lowering: Lowering) -> Base:
    def emit(tensor: int) -> int:
        known = lowering.draft.tensors[tensor]
        if shape[:2] != (known.height, known.width):
            output = lowering.draft.tensor(known.dtype, (*shape[:2], known.channels))
            tensor = lowering.draft.max_pool(node, tensor, output, Window((1, 1), steps.stride))
        return lowering.draft.select(node, tensor, steps.channels)

    return _moved(base, shape, rank, steps.channels, emit, node, lowering)


def _moved(
    base: Base, shape: Shape, rank: int, channels: Indices | None, emit: Emit, node: fx.Node, lowering: Lowering
) -> Base:
    """What moving elements does to each kind of value.

    Args:
        shape, rank: of the result.
        channels: of the base, for each channel of the result; None where the image is flattened.
    """
    if channels is None:
        channels = np.repeat(np.arange(base.shape[2]), base.shape[0] * base.shape[1])
    if isinstance(base, Signs):
        return Signs(shape, emit(base.tensor))
    if isinstance(base, Stream) and base.pool is None:
        return _moved_stream(base, shape, rank, channels, emit, node, lowering)
    if isinstance(base, Fixed):
        raise Refused("its input is the same for every image; compute the result when the module is built")
    return Real(shape, Input(emit(lowering.floats(base, node))))


def _moved_stream(
    base: Stream, shape: Shape, rank: int, channels: Indices, emit: Emit, node: fx.Node, lowering: Lowering
) -> Stream:
    tensor = emit(base.tensor)
    whole = np.array_equal(channels, np.arange(base.shape[2]))
    chain = base.chain
    if chain.is_identity:
        chain = Chain((), rank, shape[2])
    elif not whole or rank != chain.rank:
        chain = regrouped_chain([Piece(channels, chain)], rank)
    bound = base.bound[channels]
    return Stream(shape, tensor, bound, chain, _moved_expression(base, tensor, channels, emit, node, lowering))


def _moved_expression(
    base: Stream, tensor: int, channels: Indices, emit: Emit, node: fx.Node, lowering: Lowering
) -> Expression | ConvertError:
    if isinstance(base.expression, ConvertError):
        return base.expression
    if set(tensors_of(base.expression)) - {base.tensor}:
        return Input(emit(lowering.floats(base, node)))

    def leaf(part: Input | Constant) -> Expression:
        if isinstance(part, Input):
            return Input(tensor)
        return part if len(part.values) == 1 else Constant(part.values[channels])

    return rewrite(base.expression, leaf)
