"""From the captured graph to the ops of a model file.

Every node that depends on the input is one of these here:

- **signs**: a tensor of bits;
- a **stream** (`streams`): a function of one integer, for each channel. It is not computed: a sign that follows becomes
  thresholds, by evaluation (`fold`);
- **real**: everything else, float32; a chain of pointwise operators becomes one pointwise op.

The ops of the layers are written in the order of the graph, all others when a later one asks for their tensor: what
nobody reads as floats is never made as floats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from signbit.convert import arithmetic, fold, pack
from signbit.convert import pointwise as pw
from signbit.convert.emit import Draft
from signbit.convert.graph import (
    Graph,
    cat_operands,
    image_shape,
    is_flatten,
    is_signs,
    module_path,
    name_of,
    pair,
    place,
    pool_window,
)
from signbit.convert.streams import CAT, CONV, INTEGER_CONV, LINEAR, POOL, PRODUCTS, Stream, Streams
from signbit.convert.write import ModelFile
from signbit.errors import ConvertError

_INPUT_TYPES = {torch.uint8: "uint8", torch.float32: "float32"}
_ARITHMETIC = frozenset({"aten::add", "aten::sub", "aten::rsub", "aten::mul", "aten::div"})
_REAL_LAYERS = frozenset({"aten::conv2d", "aten::linear"})
_LARGEST_LOOKUP_BYTES = 4 << 20


@dataclass(frozen=True)
class LayerReport:
    """What became of one layer.

    Attributes:
        path: of the module in the network.
        op: of the model file.
        input_bits, weight_bits: of one value.
        weights: how many.
        bytes: of its constants in the file.
        note: why it is not one bit, or where its thresholds stand.
    """

    path: str
    op: str
    input_bits: int
    weight_bits: int
    weights: int
    bytes: int
    note: str


@dataclass
class Lowering:
    """One conversion."""

    graph: Graph
    report: list[LayerReport] = field(default_factory=list)
    draft: Draft = field(default_factory=Draft)
    _signs: dict[fx.Node, int] = field(default_factory=dict)
    _floats: dict[fx.Node, int] = field(default_factory=dict)
    _expressions: dict[fx.Node, pw.Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.streams = Streams(self.graph, self.draft)

    def run(self, labels: list[str], metadata: dict[str, Any]) -> ModelFile:
        """Write the ops of the whole graph and return the model file."""
        self._add_input()
        layers = {CONV: self._binary_product, LINEAR: self._binary_product, INTEGER_CONV: self._integer_product}
        layers |= dict.fromkeys(_REAL_LAYERS, self._real_layer)
        for node in self.graph.nodes:
            if name_of(node) in layers:
                layers[name_of(node)](node)
        return self.draft.finish(self._output(self.graph.output), labels, metadata)

    def _add_input(self) -> None:
        value = self.graph.input.meta["val"]
        if value.dtype not in _INPUT_TYPES:
            raise ConvertError(f"the example is {value.dtype}; give images as uint8 or float32")
        self._input = self.draft.tensor(self.graph.input.name, _INPUT_TYPES[value.dtype], image_shape(self.graph.input))
        if value.dtype == torch.float32:
            self._floats[self.graph.input] = self._input

    def _constant(self, operand: Any, reader: fx.Node, what: str) -> Tensor:
        if isinstance(operand, fx.Node):
            if operand not in self.graph.constants:
                raise ConvertError(f"{place(reader)}: its {what} depends on the input; only parameters are possible there")
            operand = self.graph.constants[operand]
        return torch.as_tensor(operand)

    # ---- layers

    def _binary_product(self, node: fx.Node) -> None:
        source, weight = node.all_input_nodes[0], self._constant(node.args[1], node, "weight")
        if not bool(((weight == 1) | (weight == -1)).all()):
            raise ConvertError(f"{place(node)}: its weights are not all +1 or -1; set its weight binarizer to mode 'binary'")
        if name_of(node) == CONV:
            stride, padding, dilation, groups, padding_value = node.args[2:7]
            attributes = [*weight.shape[2:], *pair(stride), *pair(padding), *pair(dilation), groups, padding_value]
        else:
            source, weight = self._as_convolution(source, weight)
            attributes = [*weight.shape[2:], 1, 1, 0, 0, 1, 1, 1, 0]
        bits = self.signs(source, node)
        words = pack.binary_weights(weight.numpy())
        tensor = self.draft.tensor(node.name, "int32", image_shape(node))
        self.draft.op("binary_conv", node.name, [bits], tensor, [words], [int(value) for value in attributes])  # type: ignore[arg-type]
        self.streams.known[node] = Stream(tensor, weight[0].numel(), True)
        self._describe(node, "binary_conv", 1, 1, weight.numel(), words.nbytes, "")

    def _integer_product(self, node: fx.Node) -> None:
        weight = pack.channels_last(self._constant(node.args[1], node, "weight").float().numpy())
        if node.args[0] is not self.graph.input or self.graph.input.meta["val"].dtype != torch.uint8:
            raise ConvertError(f"{place(node)}: an integer stem reads the uint8 image itself; give a uint8 example")
        codes = weight.astype(np.int8)
        if not np.array_equal(codes, weight) or codes.min() < -127:
            raise ConvertError(f"{place(node)}: its weights are not whole numbers from -127 to 127")
        geometry = [size for argument in node.args[2:5] for size in pair(argument)]
        tensor = self.draft.tensor(node.name, "int32", image_shape(node))
        self.draft.op("integer_conv", node.name, [self._input], tensor, [codes], [*codes.shape[1:3], *geometry])
        bound = 128 * int(np.abs(codes.astype(np.int64)).sum(axis=(1, 2, 3)).max())
        self.streams.known[node] = Stream(tensor, bound, True)
        binary = bool((np.abs(codes) == 1).all())
        note = "one-bit weights on 8-bit pixels, stored in 8 bits" if binary else "integer stem: 8-bit weights and pixels"
        self._describe(node, "integer_conv", 8, 1 if binary else 8, codes.size, codes.nbytes, note)

    def _real_layer(self, node: fx.Node) -> None:
        source, weight = node.all_input_nodes[0], self._constant(node.args[1], node, "weight").float()
        bias = node.args[2] if len(node.args) > 2 else None
        if name_of(node) == "aten::linear":
            source, weight = self._as_convolution(source, weight)
            attributes = [*weight.shape[2:], 1, 1, 0, 0, 1, 1, 1]
        else:
            attributes = [*weight.shape[2:], *self._real_geometry(node)]
        constants: list[NDArray[Any]] = [pack.channels_last(weight.numpy())]
        if bias is not None:
            constants.append(self._constant(bias, node, "bias").float().numpy())
        floats = self.floats(source)
        tensor = self._floats[node] = self.draft.tensor(node.name, "float32", image_shape(node))
        self.draft.op("float_conv", node.name, [floats], tensor, constants, attributes)
        size = sum(constant.nbytes for constant in constants)
        self._describe(node, "float_conv", 32, 32, weight.numel(), size, "real-valued in the module")

    def _real_geometry(self, node: fx.Node) -> list[int]:
        stride, padding, dilation, groups = [*node.args[3:7], *[1, 0, 1, 1][max(0, len(node.args) - 3) :]]
        if isinstance(padding, str):
            raise ConvertError(f"{place(node)}: padding={padding!r}; state it in pixels")
        return [*pair(stride), *pair(padding), *pair(dilation), int(groups)]  # type: ignore[arg-type]

    def _as_convolution(self, source: fx.Node, weight: Tensor) -> tuple[fx.Node, Tensor]:
        """A linear layer on a flattened image is a convolution whose kernel is the whole image."""
        if is_flatten(source):
            image = source.all_input_nodes[0]
            height, width, channels = image_shape(image)
            return image, weight.reshape(len(weight), channels, height, width)
        if source.meta["val"].dim() != 2:
            raise ConvertError(f"{place(source)}: a linear layer on a tensor of {source.meta['val'].dim()} axes; flatten it")
        return source, weight[:, :, None, None]

    def _describe(self, node: fx.Node, op: str, input_bits: int, weight_bits: int, weights: int, size: int, note: str) -> None:
        self.report.append(LayerReport(module_path(node) or node.name, op, input_bits, weight_bits, weights, size, note))

    # ---- signs

    def signs(self, node: fx.Node, reader: fx.Node) -> int:
        """The bits tensor of a node whose values are all +1 or -1."""
        if node not in self._signs:
            self._signs[node] = self._make_signs(node, reader)
        return self._signs[node]

    def _make_signs(self, node: fx.Node, reader: fx.Node) -> int:
        if not is_signs(node):
            raise ConvertError(
                f"{place(reader)}: its input, {node.name}, does not come from a sign; give the layer an input binarizer "
                "in mode 'binary', or use torch's own layer where it is to stay real-valued"
            )
        if name_of(node) == CAT:
            inputs = [self.signs(operand, reader) for operand in cat_operands(node)]
            return self.draft.op("concat", node.name, inputs, self.draft.tensor(node.name, "bits", image_shape(node)))
        source = node.all_input_nodes[0]
        if name_of(node) in pw.IDENTITIES or (name_of(node) == pw.SIGN and is_signs(source)):
            return self.signs(source, reader)
        if name_of(node) == pw.SIGN:
            return self._binarize(node, source)
        bits = self.signs(source, reader)
        tensor = self.draft.tensor(node.name, "bits", image_shape(node))
        if name_of(node) == POOL:
            return self.draft.max_pool(node.name, bits, tensor, pool_window(node))
        return self.draft.op("flatten", node.name, [bits], tensor)

    def _binarize(self, node: fx.Node, source: fx.Node) -> int:
        """The sign of a stream is a set of thresholds; of anything real, a comparison with zero."""
        stream = self.streams.of(source)
        if stream is not None and stream.pool is not None:
            pooled = self._binarize_before_pool(node, source, stream)
            if pooled is not None:
                return pooled
        elif stream is not None:
            found = fold.find_thresholds(self.streams.function(source), self.streams.features(source), stream.bound)
            self._describe_thresholds(node, found)
            bits = self.draft.tensor(node.name, "bits", image_shape(node))
            return self.draft.threshold(node.name, stream.tensor, bits, found)
        expression = self.expression(source)
        self._describe(node, "pointwise", 32, 0, 0, 0, "the sign of a float")
        return self.draft.pointwise(node.name, expression, self.draft.tensor(node.name, "bits", image_shape(node)))

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
        self._describe_thresholds(node, found)
        bits = self.draft.tensor("", "bits", image_shape(before))
        self.draft.threshold(node.name, stream.tensor, bits, found)
        pooled = self.draft.tensor(node.name, "bits", image_shape(node))
        return self.draft.max_pool(pool.name, bits, pooled, pool_window(pool), minimum)

    def _describe_thresholds(self, node: fx.Node, found: fold.Thresholds) -> None:
        kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items() if count)
        size = found.low.nbytes + found.high.nbytes + found.inverted.size // 8 + found.table.size // 8
        self._describe(node, "threshold", 32, 0, 0, size, f"channels: {kinds}; smallest margin {found.margin:.3g}")

    # ---- floats

    def floats(self, node: fx.Node) -> int:
        """The float32 tensor of a node."""
        if node not in self._floats:
            tensor = self._move_floats(node)
            if tensor is None:
                expression = self._build(node)
                tensor = self.draft.pointwise(node.name, expression, self._float_tensor(node))
            self._floats[node] = tensor
        return self._floats[node]

    def _float_tensor(self, node: fx.Node) -> int:
        return self.draft.tensor(node.name, "float32", image_shape(node))

    def _move_floats(self, node: fx.Node) -> int | None:
        """Pools, concatenations and flattens of floats; None for what is pointwise, or a stream that was pooled."""
        if node.op != "call_function" or is_signs(node):
            return None
        stream = self.streams.of(node)
        if name_of(node) == POOL and (stream is None or stream.pool is node or self._joins(node)):
            source = self.floats(node.all_input_nodes[0])
            return self.draft.max_pool(node.name, source, self._float_tensor(node), pool_window(node))
        if name_of(node) == CAT:
            inputs = [self.floats(operand) for operand in cat_operands(node)]
            return self.draft.op("concat", node.name, inputs, self._float_tensor(node))
        if is_flatten(node):
            source = self.floats(node.all_input_nodes[0])
            return self.draft.op("flatten", node.name, [source], self._float_tensor(node))
        return None

    def _joins(self, node: fx.Node) -> bool:
        """Whether a stream's integers come from several products: no single expression says it then."""
        if name_of(node) in PRODUCTS:
            return False
        return name_of(node) == CAT or any(self._joins(other) for other in self._varying(node))

    def _varying(self, node: fx.Node) -> list[fx.Node]:
        return [operand for operand in node.all_input_nodes if operand not in self.graph.constants]

    def expression(self, node: fx.Node) -> pw.Expression:
        """A node's floats as steps over tensors; real values that several readers share become a tensor first."""
        if node in self._floats:
            return pw.Input(self._floats[node])
        if node not in self._expressions:
            shared = self.streams.of(node) is None and len(node.users) > 1
            self._expressions[node] = pw.Input(self.floats(node)) if shared else self._build(node)
        return self._expressions[node]

    def _build(self, node: fx.Node) -> pw.Expression:
        if node is self.graph.input:
            return pw.Input(self._input)
        if is_signs(node):
            return pw.Input(self.signs(node, node))
        stream = self.streams.of(node)
        if name_of(node) in PRODUCTS:
            assert stream is not None
            return pw.Input(stream.tensor)
        if name_of(node) == POOL and stream is not None and stream.pool is None and not self._joins(node):
            return self._rebase(node, stream)
        if name_of(node) in (POOL, CAT) or is_flatten(node):
            return pw.Input(self.floats(node))
        if not pw.is_pointwise(node):
            raise ConvertError(f"{place(node)}: the engine has no op for {name_of(node)}; use layers it has, or leave it out")
        return self._translate(node, self.expression)

    def _rebase(self, node: fx.Node, stream: Stream) -> pw.Expression:
        """The floats of a pool that was moved to the integers: what led to it, applied to the pooled integers."""
        if name_of(node) in PRODUCTS:
            return pw.Input(stream.tensor)
        if name_of(node) == POOL:
            return self._rebase(node.all_input_nodes[0], stream)
        return self._translate(node, lambda operand: self._rebase(operand, stream))

    def _translate(self, node: fx.Node, expression: Callable[[fx.Node], pw.Expression]) -> pw.Expression:
        name, operands = name_of(node), list[Any]()
        try:
            for index, operand in enumerate(node.args):
                if isinstance(operand, fx.Node) and operand not in self.graph.constants:
                    self._check_shape(node, operand)
                    operands.append(expression(operand))
                else:
                    operands.append(self._constant_operand(node, index, operand))
            return pw.translate(name, operands, float(node.kwargs.get("alpha", 1.0)))  # type: ignore[arg-type]
        except pw.NotAStep as reason:
            raise ConvertError(f"{place(node)}: {reason}") from None

    def _constant_operand(self, node: fx.Node, index: int, operand: Any) -> Any:
        value = self.graph.constants[operand] if isinstance(operand, fx.Node) else operand
        tensor_argument = isinstance(operand, fx.Node) and name_of(node) not in pw.CHANNEL_PARAMETERS
        if tensor_argument or (name_of(node) in _ARITHMETIC and index < 2):
            return pw.Constant(pw.per_channel(value, node.meta["val"].dim()))
        return value

    def _check_shape(self, node: fx.Node, operand: fx.Node) -> None:
        if image_shape(operand) != image_shape(node):
            raise pw.NotAStep(
                f"{name_of(node)} of tensors of different shapes, {list(image_shape(operand))} and "
                f"{list(image_shape(node))} (height, width, channels)"
            )

    # ---- the output

    def _output(self, node: fx.Node) -> int:
        """The float32 tensor of the network's output: torch's own floats where they are a function of integers."""
        stream = self.streams.of(node)
        if stream is not None and stream.pool is None and not self._is_exact(node, stream):
            length, channels = 2 * stream.bound + 1, image_shape(node)[2]
            if 4 * length * channels <= _LARGEST_LOOKUP_BYTES:
                return self._lookup(node, stream, length, channels)
        return self.floats(node)

    def _is_exact(self, node: fx.Node, stream: Stream) -> bool:
        """Whether the steps give torch's own float32 for every integer, to the bit."""
        if self._joins(node):
            return False
        try:
            expression = self.expression(node)
        except ConvertError:
            return False
        function, shape = self.streams.function(node), self.streams.features(node)
        for first, values in fold.evaluate_all(function, shape, stream.bound):
            wanted = values.reshape(len(values), -1).numpy()
            integers = np.arange(first, first + len(values), dtype=np.float32)[:, None]
            got = arithmetic.run_steps(expression, integers)
            if got is None or not np.array_equal(np.broadcast_to(got, wanted.shape), wanted):
                return False
        return True

    def _lookup(self, node: fx.Node, stream: Stream, length: int, channels: int) -> int:
        pieces = fold.evaluate_all(self.streams.function(node), self.streams.features(node), stream.bound)
        values = torch.cat([piece.reshape(len(piece), channels) for _, piece in pieces]).T.contiguous()
        attributes = [-stream.bound, length]
        return self.draft.op("lookup", node.name, [stream.tensor], self._float_tensor(node), [values.numpy()], attributes)
