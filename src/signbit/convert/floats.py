"""Real values: chains of pointwise operators as steps, and floats that are pooled, joined or flattened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import fx

from signbit.convert import pointwise as pw
from signbit.convert.emit import Draft
from signbit.convert.graph import Graph, cat_operands, image_shape, is_flatten, is_signs, name_of, place, pool_window
from signbit.convert.streams import CAT, POOL, PRODUCTS, Stream, Streams
from signbit.errors import ConvertError

_ARITHMETIC = frozenset({"aten::add", "aten::sub", "aten::rsub", "aten::mul", "aten::div"})


@dataclass
class Floats:
    """The float32 tensors of a graph, written when they are asked for.

    ``signs`` gives the bits tensor of a node, for signs that take part in arithmetic.
    """

    graph: Graph
    draft: Draft
    streams: Streams
    signs: Callable[[fx.Node], int]
    input: int
    known: dict[fx.Node, int] = field(default_factory=dict)
    _expressions: dict[fx.Node, pw.Expression] = field(default_factory=dict)

    def of(self, node: fx.Node) -> int:
        """The float32 tensor of a node."""
        if node not in self.known:
            tensor = self._move(node)
            if tensor is None:
                tensor = self.draft.pointwise(node.name, self._build(node), self.new(node))
            self.known[node] = tensor
        return self.known[node]

    def new(self, node: fx.Node) -> int:
        """A float32 tensor for the value of a node."""
        return self.draft.tensor(node.name, "float32", image_shape(node))

    def expression(self, node: fx.Node) -> pw.Expression:
        """A node's floats as steps over tensors; real values that several readers share become a tensor first."""
        if node in self.known:
            return pw.Input(self.known[node])
        if node not in self._expressions:
            shared = self.streams.of(node) is None and len(node.users) > 1
            self._expressions[node] = pw.Input(self.of(node)) if shared else self._build(node)
        return self._expressions[node]

    def joins(self, node: fx.Node) -> bool:
        """Whether a stream's integers come from several products: no single expression says it then."""
        if name_of(node) in PRODUCTS:
            return False
        varying = [operand for operand in node.all_input_nodes if operand not in self.graph.constants]
        return name_of(node) == CAT or is_flatten(node) or any(self.joins(operand) for operand in varying)

    def _move(self, node: fx.Node) -> int | None:
        """Pools, concatenations and flattens of floats; None for what is pointwise, or a stream that was pooled."""
        if node.op != "call_function" or is_signs(node):
            return None
        stream = self.streams.of(node)
        if name_of(node) == POOL and (stream is None or stream.pool is node or self.joins(node)):
            source = self.of(node.all_input_nodes[0])
            return self.draft.max_pool(node.name, source, self.new(node), pool_window(node))
        if name_of(node) == CAT:
            return self.draft.op("concat", node.name, [self.of(each) for each in cat_operands(node)], self.new(node))
        if is_flatten(node):
            return self.draft.op("flatten", node.name, [self.of(node.all_input_nodes[0])], self.new(node))
        return None

    def _build(self, node: fx.Node) -> pw.Expression:
        if node is self.graph.input:
            return pw.Input(self.input)
        if is_signs(node):
            return pw.Input(self.signs(node))
        stream = self.streams.of(node)
        if name_of(node) in PRODUCTS:
            assert stream is not None
            return pw.Input(stream.tensor)
        if name_of(node) == POOL and stream is not None and stream.pool is None and not self.joins(node):
            return self._rebase(node, stream)
        if name_of(node) in (POOL, CAT) or is_flatten(node):
            return pw.Input(self.of(node))
        if not pw.is_pointwise(node):
            raise ConvertError(f"{place(node)}: the engine has no op for {name_of(node)}; use a layer it has")
        return self._translate(node, self.expression)

    def _rebase(self, node: fx.Node, stream: Stream) -> pw.Expression:
        """The floats of a pool that was moved to the integers: what led to it, applied to the pooled integers."""
        if name_of(node) in PRODUCTS:
            return pw.Input(stream.tensor)
        if name_of(node) == POOL:
            return self._rebase(node.all_input_nodes[0], stream)
        return self._translate(node, lambda operand: self._rebase(operand, stream))

    def _translate(self, node: fx.Node, expression: Callable[[fx.Node], pw.Expression]) -> pw.Expression:
        operands: list[Any] = []
        try:
            for index, operand in enumerate(node.args):
                if isinstance(operand, fx.Node) and operand not in self.graph.constants:
                    self._check_shape(node, operand)
                    operands.append(expression(operand))
                else:
                    operands.append(self._constant(node, index, operand))
            return pw.translate(name_of(node), operands, float(node.kwargs.get("alpha", 1.0)))  # type: ignore[arg-type]
        except pw.NotAStep as reason:
            raise ConvertError(f"{place(node)}: {reason}") from None

    def _constant(self, node: fx.Node, index: int, operand: Any) -> Any:
        value = self.graph.constants[operand] if isinstance(operand, fx.Node) else operand
        tensor_argument = isinstance(operand, fx.Node) and name_of(node) not in pw.CHANNEL_PARAMETERS
        if tensor_argument or (name_of(node) in _ARITHMETIC and index < 2):
            return pw.Constant(pw.per_channel(value, node.meta["val"].dim()))
        return value

    def _check_shape(self, node: fx.Node, operand: fx.Node) -> None:
        if image_shape(operand) != image_shape(node):
            shapes = f"{list(image_shape(operand))} and {list(image_shape(node))} (height, width, channels)"
            raise pw.NotAStep(f"{name_of(node)} of tensors of different shapes, {shapes}")
