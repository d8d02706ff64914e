"""Signs as tensors of bits: thresholds of integers, comparisons of floats, and signs moved about."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor, fx

from signbit.convert import fold
from signbit.convert import pointwise as pw
from signbit.convert.emit import Draft
from signbit.convert.floats import Floats
from signbit.convert.graph import cat_operands, image_shape, is_signs, name_of, place, pool_window
from signbit.convert.layer_report import LayerReport, describe_float_sign, describe_thresholds
from signbit.convert.streams import CAT, POOL, Stream, Streams
from signbit.errors import ConvertError


@dataclass
class Signs:
    """The bits tensors of a graph, written when they are asked for."""

    draft: Draft
    streams: Streams
    floats: Floats
    report: list[LayerReport]
    known: dict[fx.Node, int] = field(default_factory=dict)

    def of(self, node: fx.Node, reader: fx.Node) -> int:
        """The bits tensor of a node whose values are all +1 or -1.

        Args:
            reader: the layer that needs it, for the message.

        Raises:
            ConvertError: the values are not signs.
        """
        if node not in self.known:
            self.known[node] = self._make(node, reader)
        return self.known[node]

    def _make(self, node: fx.Node, reader: fx.Node) -> int:
        if not is_signs(node):
            raise ConvertError(
                f"{place(reader)}: its input, {node.name}, does not come from a sign; give the layer an input "
                "binarizer in mode 'binary', or use torch's own layer where it is to stay real-valued"
            )
        if name_of(node) == CAT:
            inputs = [self.of(operand, reader) for operand in cat_operands(node)]
            return self.draft.op("concat", node.name, inputs, self._tensor(node))
        source = node.all_input_nodes[0]
        if name_of(node) in pw.IDENTITIES or (name_of(node) == pw.SIGN and is_signs(source)):
            return self.of(source, reader)
        if name_of(node) == pw.SIGN:
            return self._binarize(node, source)
        bits = self.of(source, reader)
        if name_of(node) == POOL:
            return self.draft.max_pool(node.name, bits, self._tensor(node), pool_window(node))
        return self.draft.op("flatten", node.name, [bits], self._tensor(node))

    def _tensor(self, node: fx.Node) -> int:
        return self.draft.tensor(node.name, "bits", image_shape(node))

    def _binarize(self, node: fx.Node, source: fx.Node) -> int:
        """The sign of a stream is a set of thresholds; of anything real, a comparison with zero."""
        stream = self.streams.of(source)
        if stream is not None and stream.pool is not None:
            pooled = self._binarize_before_pool(node, source, stream)
            if pooled is not None:
                return pooled
        elif stream is not None:
            function, shape = self.streams.function(source), self.streams.features(source)
            found = fold.find_thresholds(function, shape, stream.bound)
            self.report.append(describe_thresholds(node, found))
            return self.draft.threshold(node.name, stream.tensor, self._tensor(node), found)
        expression = self.floats.expression(source)
        self.report.append(describe_float_sign(node))
        return self.draft.pointwise(node.name, expression, self._tensor(node))

    def _binarize_before_pool(self, node: fx.Node, source: fx.Node, stream: Stream) -> int | None:
        """``sign(after(max(before)))`` as a pool of signs, where evaluation shows that it is one."""
        pool = stream.pool
        assert pool is not None
        before = pool.all_input_nodes[0]
        shape, function = self.streams.features(before), self.streams.function(before)

        def after(values: Tensor) -> Tensor:
            return self.streams.evaluate(source, values, stop=pool)

        minimum = fold.find_pooling(function, after, shape, stream.bound)
        if minimum is None:
            return None
        found = fold.find_thresholds(lambda integers: after(function(integers)), shape, stream.bound)
        self.report.append(describe_thresholds(node, found))
        bits = self.draft.tensor("", "bits", image_shape(before))
        self.draft.threshold(node.name, stream.tensor, bits, found)
        return self.draft.max_pool(pool.name, bits, self._tensor(node), pool_window(pool), minimum)
