"""Streams: what is a function of one integer, for each channel, and how torch evaluates it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx

from signbit.convert import fold
from signbit.convert import pointwise as pw
from signbit.convert.emit import Draft
from signbit.convert.graph import Graph, call, cat_operands, image_shape, is_flatten, is_signs, name_of, pool_window

CONV, LINEAR, INTEGER_CONV = "signbit::binary_conv2d", "signbit::binary_linear", "signbit::integer_conv2d"
PRODUCTS = frozenset({CONV, LINEAR, INTEGER_CONV})
POOL, CAT = "aten::max_pool2d", "aten::cat"


@dataclass(frozen=True)
class Stream:
    """A function of the integers of one tensor.

    Attributes:
        tensor: the draft's int32 tensor that holds the integers.
        bound: their largest magnitude.
        exact: whether the node's value is the integer itself.
        pool: a pool between the integers and this node that could not be moved to the integers.
    """

    tensor: int
    bound: int
    exact: bool
    pool: fx.Node | None = None


@dataclass
class Streams:
    """The streams of a graph; pools, concatenations and flattens of integers are written as they are met."""

    graph: Graph
    draft: Draft
    known: dict[fx.Node, Stream | None] = field(default_factory=dict)

    def of(self, node: fx.Node) -> Stream | None:
        """The integers a node is a function of, or None."""
        if node not in self.known:
            self.known[node] = self._find(node)
        return self.known[node]

    def features(self, node: fx.Node) -> tuple[int, ...]:
        """The shape of a node's values for one integer: [C, 1, 1] or [C]."""
        channels = image_shape(node)[2]
        return (channels, 1, 1) if node.meta["val"].dim() == 4 else (channels,)

    def function(self, node: fx.Node) -> fold.Function:
        """A stream as a function that `fold` can run."""
        return lambda integers: self.evaluate(node, integers)

    def evaluate(self, node: fx.Node, values: Tensor, stop: fx.Node | None = None) -> Tensor:
        """A stream's value where the integers it is a function of are ``values``, computed by torch.

        Args:
            node: a stream.
            values: float32, of the node's rank, any height and width.
            stop: a node above it that is to have ``values`` itself.
        """
        known: dict[fx.Node, Any] = {}

        def value(other: fx.Node) -> Any:
            if other in self.graph.constants:
                return self.graph.constants[other]
            if other not in known:
                known[other] = compute(other)
            return known[other]

        def compute(other: fx.Node) -> Any:
            if other is stop or name_of(other) in PRODUCTS:
                return values
            if name_of(other) == POOL:  # it was moved to the integers
                return value(other.all_input_nodes[0])
            if name_of(other) == CAT:
                operands = cat_operands(other)
                pieces = torch.split(values, [image_shape(operand)[2] for operand in operands], 1)
                return torch.cat([self.evaluate(*pair) for pair in zip(operands, pieces, strict=True)], 1)
            if is_flatten(other):
                source = other.all_input_nodes[0]
                height, width, channels = image_shape(source)
                return self.evaluate(source, values.reshape(len(values), channels, height, width)).flatten(1)
            return call(other, value)

        return value(node)  # type: ignore[no-any-return]

    def _find(self, node: fx.Node) -> Stream | None:
        if node.op != "call_function" or is_signs(node):
            return None
        if name_of(node) == POOL:
            return self._pool(node)
        if name_of(node) == CAT:
            return self._cat(node)
        if is_flatten(node):
            return self._flatten(node)
        return self._pointwise(node) if pw.is_pointwise(node) else None

    def _pointwise(self, node: fx.Node) -> Stream | None:
        operands = [operand for operand in node.all_input_nodes if operand not in self.graph.constants]
        streams = [self.of(operand) for operand in operands]
        first = streams[0]
        if first is None or not all(_same(first, other) for other in streams[1:]):
            return None
        if not self._is_per_channel(node):
            return None
        return Stream(first.tensor, first.bound, first.exact and name_of(node) in pw.IDENTITIES, first.pool)

    def _is_per_channel(self, node: fx.Node) -> bool:
        """Whether no constant operand varies over the pixels, and no operand is broadcast over them."""
        varying = [operand for operand in node.all_input_nodes if operand not in self.graph.constants]
        if any(image_shape(operand) != image_shape(node) for operand in varying):
            return False
        if name_of(node) in pw.CHANNEL_PARAMETERS:
            return True
        try:
            for operand in node.all_input_nodes:
                if operand in self.graph.constants:
                    pw.per_channel(self.graph.constants[operand], node.meta["val"].dim())
        except pw.NotAStep:
            return False
        return True

    def _pool(self, node: fx.Node) -> Stream | None:
        """A pool moves to the integers where each channel's function keeps or turns their order."""
        source = node.all_input_nodes[0]
        stream = self.of(source)
        if stream is None or stream.pool is not None:
            return None
        order = fold.find_order(self.function(source), self.features(source), stream.bound)
        if not bool((order.rises | order.falls).all()):
            return Stream(stream.tensor, stream.bound, False, node)
        pooled = self.draft.tensor(node.name if stream.exact else "", "int32", image_shape(node))
        self.draft.max_pool(node.name, stream.tensor, pooled, pool_window(node), ~order.rises)
        return Stream(pooled, stream.bound, stream.exact)

    def _cat(self, node: fx.Node) -> Stream | None:
        known: list[Stream] = []
        for operand in cat_operands(node):
            stream = self.of(operand)
            if stream is None or stream.pool is not None:
                return None
            known.append(stream)
        exact = all(stream.exact for stream in known)
        joined = self.draft.tensor(node.name if exact else "", "int32", image_shape(node))
        self.draft.op("concat", node.name, [stream.tensor for stream in known], joined)
        return Stream(joined, max(stream.bound for stream in known), exact)

    def _flatten(self, node: fx.Node) -> Stream | None:
        source = node.all_input_nodes[0]
        stream = self.of(source)
        if stream is None or stream.pool is not None:
            return None
        tensor = stream.tensor
        if image_shape(source)[:2] != (1, 1):
            tensor = self.draft.tensor(node.name if stream.exact else "", "int32", image_shape(node))
            self.draft.op("flatten", node.name, [stream.tensor], tensor)
        return Stream(tensor, stream.bound, stream.exact)


def _same(one: Stream, other: Stream | None) -> bool:
    """Whether two streams are functions of the same integers, behind the same pool."""
    return other is not None and one.tensor == other.tensor and one.pool is other.pool
