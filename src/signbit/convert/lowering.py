"""From the captured graph to the ops of a model file.

Every node that depends on the image becomes a value (`value`), by the rule of its operator (`lower/`): signs, a
function of one integer for each channel, or real values. Ops are written as they might be needed; those that the output
does not need are dropped at the end.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from signbit.convert import fold, lower
from signbit.convert.capture import INPUT_TYPES, Graph, call
from signbit.convert.chain import Chain
from signbit.convert.draft import Draft, Finished
from signbit.convert.expression import (
    ANY,
    Constant,
    Expression,
    Input,
    Limits,
    Step,
    evaluate,
    is_correctly_rounded,
    limits,
    tensors_of,
)
from signbit.convert.lacking import Lacking
from signbit.convert.layer_report import LayerReport
from signbit.convert.node import module_path, operator_name, place
from signbit.convert.rearrangement import put_in_place
from signbit.convert.rehearsal import first_line, type_name
from signbit.convert.rule import BATCH, BatchSize, Call, Refused, located
from signbit.convert.steadiness import ARRANGEMENTS
from signbit.convert.value import (
    Base,
    Fixed,
    Folded,
    Real,
    Signs,
    Stream,
    Value,
    image_of,
    image_value,
    one_for_each_channel,
)
from signbit.errors import ConvertError
from signbit.modelfile.ops.concat import Concat
from signbit.modelfile.ops.flatten import Flatten
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.select import Select
from signbit.preprocessing import Preprocessing

_LARGEST_LOOKUP_BYTES = 4 << 20


@dataclass
class Lowering:
    """One conversion; ``report`` says what each layer became, ``warnings`` what is suspicious about the network."""

    graph: Graph
    draft: Draft = field(default_factory=Draft)
    report: list[LayerReport] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    folded: dict[int, Folded] = field(default_factory=dict)
    """By the draft's tensor that the thresholds or the lookup write."""

    _limits: dict[int, Limits] = field(default_factory=dict)
    """What the values of a tensor of the draft lie between, where a pointwise op says it."""

    _known: dict[fx.Node, Any] = field(default_factory=dict)
    _floats: dict[int, tuple[Base, int]] = field(default_factory=dict)
    _owners: dict[int, tuple[Base, fx.Node]] = field(default_factory=dict)
    """The node whose value a base is, by the base's id; with the base, so that its id stays its own."""

    def __post_init__(self) -> None:
        node = self.graph.input
        example = node.meta["val"]
        shape = image_of(tuple(example.shape[1:]))
        assert shape is not None
        self.input = self.draft.tensor(INPUT_TYPES[example.dtype], shape, node)
        self._known[node] = image_value(Real(shape, Input(self.input)), example.dim())
        self._own(node, self._known[node])

    def run(
        self,
        labels: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        preprocessing: Preprocessing | None = None,
    ) -> Finished:
        """Write the ops of the whole graph and return the model file."""
        self._refuse_lacking()
        for node in self.graph.nodes:
            self._known[node] = self._lower(node)
        output = self._output(self.graph.output)
        return self.draft.finish(output, labels, metadata or {}, preprocessing)

    # ---- nodes

    def known(self, node: fx.Node) -> Any:
        """What a node holds: a `Value`, or torch's own value where it does not depend on the image."""
        return self.graph.constants[node] if node in self.graph.constants else self._known[node]

    def _refuse_lacking(self) -> None:
        """Report the first unsupported operator before any other error."""
        for node in self.graph.nodes:
            if node.target is operator.getitem or not isinstance(node.meta.get("val"), (torch.Tensor, list, tuple)):
                continue
            rule = lower.rule_of(operator_name(node))
            if rule is None:
                raise ConvertError(
                    f"{place(node)}: the engine has no op for {operator_name(node)}; docs/what-converts.md lists the "
                    "supported operators, and what to use in place of others"
                )
            if isinstance(rule, Lacking):
                raise located(Refused(rule.message), node)

    def _lower(self, node: fx.Node) -> Any:
        if node.target is operator.getitem:
            return self._item(node)
        if not isinstance(node.meta.get("val"), (torch.Tensor, list, tuple)):
            return self._size(node)
        rule = lower.rule_of(operator_name(node))
        assert rule is not None
        try:
            self._check_batch(node)
            given = Call(node, self)
            rule.check(given)
            result = rule.lower(given, self)
        except Refused as refused:
            raise located(refused, node) from None
        except ConvertError:
            raise
        except Exception as error:
            raise ConvertError(
                f"{place(node)}: the converter fails at {operator_name(node)} ({type_name(error)}: {first_line(error)})"
                ". This is a bug in the converter: please report it, and write this part of the module in another way"
            ) from error
        return self._settled(node, result) if isinstance(result, Value) else result

    def _check_batch(self, node: fx.Node) -> None:
        """See that a node holds something for each image: ``x.view(-1, 8)`` may join images."""
        images = self.graph.input.meta["val"].shape[0]
        found = node.meta["val"]
        used = [found] if isinstance(found, torch.Tensor) else [found[int(user.args[1])] for user in node.users]  # type: ignore[arg-type]
        for each in used:
            sizes = each.shape if isinstance(each, torch.Tensor) else ()
            if not sizes or str(sizes[0]) != str(images):
                raise Refused("it moves or merges the batch axis; axis 0 must stay the axis of the images")
            if not all(isinstance(size, int) for size in sizes[1:]):
                raise Refused(f"the shape of {operator_name(node)} depends on the values; select by constant indices")

    def _own(self, node: fx.Node, value: Value) -> None:
        """Say whose value a base is, so that its tensors are called after it and verify compares them."""
        if value.index is None:
            self._owners.setdefault(id(value.base), (value.base, node))

    def _item(self, node: fx.Node) -> Any:
        source, index = node.args
        found = self.known(source)[index]  # type: ignore[arg-type]
        if found is None:
            raise ConvertError(
                f"{place(node)}: result {index} of {operator_name(source)} is used; the engine only gives result 0"  # type: ignore[arg-type]
            )
        if isinstance(found.base, (Signs, Real)) and found.in_place:
            expression = self.expression(found.base)
            if isinstance(expression, Input):
                self.draft.name(expression.tensor, node)
        return self._settled(node, found)

    def _size(self, node: fx.Node) -> Any:
        """A size that depends on the number of images, as it is for `BATCH` of them."""
        if operator_name(node) == "aten::sym_size":
            return BatchSize(BATCH)
        found = call(node, self.known)
        if not isinstance(found, int):
            raise ConvertError(
                f"{place(node)} computes {found!r} from the number of images; each image must be computed on its own"
            )
        return BatchSize(found)

    def _settled(self, node: fx.Node, value: Value) -> Value:
        """Real values that several readers share become a tensor, so that they are computed once."""
        self._own(node, value)
        base = value.base
        if isinstance(base, Real) and isinstance(base.expression, Step) and len(node.users) > 1:
            value = value.of(Real(base.shape, Input(self.floats(base, node))))
            self._own(node, value)
        return value

    # ---- what rules need

    def in_place(self, value: Value, node: fx.Node) -> Value:
        """The value with its elements where the engine's ops expect them, see `put_in_place`."""
        placed = put_in_place(value, node, self)
        owner = next((known for known, held in self._known.items() if held is value), None)
        if owner is not None:
            self._own(owner, placed)
        return placed

    def aligned(self, given: Call, *, keep_order: bool) -> list[Value]:
        """The operands of a pointwise operator, element for element.

        Args:
            keep_order: whether they may stay in the order in which they lie, if they all lie in the same one.

        Raises:
            Refused: they have different shapes.
        """
        values = [given.value(name) for name in given.nodes]
        for value in values:
            if value.axes != given.axes:
                shapes = " and ".join(str([-1, *each.axes]) for each in values)
                raise Refused(f"{given.operator} of tensors of different shapes, {shapes}; the shapes must be equal")
        alike = all(_lie_alike(value, values[0]) for value in values)
        return values if keep_order and alike else [self.in_place(value, given.node) for value in values]

    def expression(self, base: Base) -> Expression:
        """A base's floats as steps of the engine.

        Raises:
            ConvertError: the engine has no step for one of its operators.
        """
        if isinstance(base, Signs):
            return Input(base.tensor)
        if isinstance(base, Fixed):
            found = one_for_each_channel(base.values.reshape(base.shape[2], -1))
            if found is None:
                raise Refused(
                    "its input is the same for every image but varies over the pixels; give one value for each channel"
                )
            return Constant(found)
        if isinstance(base.expression, ConvertError):
            raise base.expression
        return base.expression

    def floats(self, base: Base, node: fx.Node) -> int:
        """The float32 tensor of a base; ``node`` asks for it."""
        if id(base) in self._floats:
            return self._floats[id(base)][1]
        expression = self.expression(base)
        if isinstance(expression, Input) and self.draft.tensors[expression.tensor].dtype == "float32":
            tensor = expression.tensor
        elif not list(tensors_of(expression)):
            raise Refused("its input is the same for every image; compute the result when the module is built")
        else:
            owner = self._owners.get(id(base), (base, None))[1]
            tensor = self.draft.tensor("float32", base.shape, owner)
            self.draft.pointwise(owner or node, expression, tensor)
            self._limits[tensor] = limits(expression, self.limits)
        self._floats[id(base)] = (base, tensor)
        return tensor

    def limits(self, tensor: int) -> Limits:
        """What the values of a tensor of the draft lie between, as far as it shows: after a ReLU they are 0 or more."""
        if tensor == self.input:
            return (0, 255) if self.draft.tensors[tensor].dtype == "uint8" else ANY
        if tensor in self._limits:
            return self._limits[tensor]
        op = next((op for op in self.draft.ops if tensor in op.outputs), None)
        if self.draft.tensors[tensor].dtype == "bits":
            return -1, 1
        if isinstance(op, Select) and (op.index < 0).any():
            return _union([(0, 0), *map(self.limits, op.inputs)])
        return _union(map(self.limits, op.inputs)) if isinstance(op, (MaxPool, Select, Flatten, Concat)) else ANY

    def warn(self, node: fx.Node, words: str) -> None:
        """Warn about a module, once."""
        path = module_path(node)
        words = f"module '{path}': {words}" if path else f"{node.name}: {words}"
        if words not in self.warnings:
            self.warnings.append(words)

    # ---- the output

    def _output(self, node: fx.Node) -> int:
        """The float32 tensor of the network's output: torch's own floats where they are a function of integers."""
        value = self.known(node)
        if not isinstance(value, Value):
            raise ConvertError(f"{place(node)}: the output is not one tensor that depends on the image; return one")
        if node.meta["val"].dtype != torch.float32:
            dtype = node.meta["val"].dtype
            raise ConvertError(f"{place(node)}: the output is {dtype}; a model file outputs float32: return floats")
        try:
            base = self.in_place(value, node).base
            if isinstance(base, Stream) and base.pool is None:
                return self._stream_output(node, base)
            return self._own_output(node, base)
        except Refused as refused:
            raise located(refused, node) from None

    def _stream_output(self, node: fx.Node, stream: Stream) -> int:
        """By the steps where they give torch's own floats, else by a lookup, where that is small enough and steady."""
        if self._is_exact(stream):
            tensor = self._own_output(node, stream)
        elif (values := self._values(stream)) is not None:
            tensor = self._lookup(node, stream, values)
        else:
            return self._own_output(node, stream)
        self.folded[tensor] = Folded(stream.chain, stream.chain.features, stream.bound, signs=False)
        return tensor

    def _own_output(self, node: fx.Node, base: Base) -> int:
        """A tensor of the output's own: the input is not one."""
        tensor = self.floats(base, node)
        if tensor == self.input:
            tensor = self.draft.pointwise(node, Input(tensor), self.draft.tensor("float32", base.shape, node))
        return tensor if tensor in self.draft.nodes else self.draft.name(tensor, node)

    def _is_exact(self, stream: Stream) -> bool:
        """Whether the steps give torch's own float32 for every integer, to the bit."""
        expression = stream.expression
        if isinstance(expression, ConvertError) or set(tensors_of(expression)) != {stream.tensor}:
            return False
        if not is_correctly_rounded(expression):
            return False
        for first, values in fold.evaluate_all(stream.chain, stream.chain.features, int(stream.bound.max())):
            wanted = values.reshape(len(values), -1).numpy()
            integers = np.arange(first, first + len(values), dtype=np.float32)[:, None]
            got = np.broadcast_to(evaluate(expression, {stream.tensor: integers}), wanted.shape)
            if not np.array_equal(got, wanted):
                return False
        return True

    def _values(self, stream: Stream) -> NDArray[np.float32] | None:
        """Torch's float for every integer, [C, integers]; None where there are too many, or torch gives two for one.

        Raises:
            Refused: one that can occur is NaN; or torch gives two, and the engine has no steps that are near both.
        """
        chain, bound = stream.chain, int(stream.bound.max())
        if 4 * (2 * bound + 1) * chain.channels > _LARGEST_LOOKUP_BYTES:
            return None
        values = _every_value(chain, chain, bound)
        _refuse_nan(values, stream.bound)
        if not chain.is_steady and not _is_same_everywhere(chain, values, bound):
            self._refuse_unsteady(stream)
            return None
        return np.nan_to_num(values, nan=0, posinf=np.inf, neginf=-np.inf)  # NaN that no channel can meet

    def _refuse_unsteady(self, stream: Stream) -> None:
        if isinstance(stream.expression, ConvertError):
            raise Refused(
                "PyTorch's vectorized and scalar code differ in the last bit of this output, so no lookup table gives "
                f"both. End the network before it, and compute it from the network's output. {stream.expression}"
            )

    def _lookup(self, node: fx.Node, stream: Stream, values: NDArray[np.float32]) -> int:
        tensor = self.draft.tensor("float32", stream.shape, node)
        return self.draft.add(Lookup(node.name, (stream.tensor,), (tensor,), values, -int(stream.bound.max())), node)


def _lie_alike(one: Value, other: Value) -> bool:
    """Whether the elements of two values are those of the same places of their bases, in the same axes."""
    ranks = {base.chain.rank for base in (one.base, other.base) if isinstance(base, Stream)}
    if one.base.shape != other.base.shape or len(ranks) > 1:
        return False
    return one.index is other.index or np.array_equal(one.numbers(), other.numbers())


def _union(parts: Iterable[Limits]) -> Limits:
    least, most = zip(*parts, strict=True)
    return min(least), max(most)


def _every_value(chain: Chain, function: fold.Function, bound: int) -> NDArray[np.float32]:
    pieces = fold.evaluate_all(function, chain.features, bound)
    return torch.cat([piece.reshape(len(piece), -1) for _, piece in pieces]).T.contiguous().numpy()


def _is_same_everywhere(chain: Chain, values: NDArray[np.float32], bound: int) -> bool:
    others = (_every_value(chain, partial(chain, arrangement=arrangement), bound) for arrangement in ARRANGEMENTS)
    return all(np.array_equal(values, other, equal_nan=True) for other in others)


def _refuse_nan(values: NDArray[np.float32], bound: NDArray[np.int64]) -> None:
    integers = np.arange(values.shape[1]) - values.shape[1] // 2
    channels, columns = np.nonzero(np.isnan(values) & (np.abs(integers) <= bound[:, None]))
    if len(channels):
        raise Refused(
            f"channel {channels[0]} of the output is NaN where its accumulator is {integers[columns[0]]}; keep its "
            "input away from that value, for example with a clamp"
        )
