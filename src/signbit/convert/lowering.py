"""From the captured graph to the ops of a model file.

Every node that depends on the input is one of these here:

- **signs** (`signs`): a tensor of bits;
- a **stream** (`streams`): a function of one integer, for each channel. It is not computed: a sign that follows becomes
  thresholds, by evaluation (`fold`);
- **real** (`floats`): everything else, float32; a chain of pointwise operators becomes one pointwise op.

The ops of the layers are written in the order of the graph, all others when a later one asks for their tensor: what
nobody reads as floats is never made as floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from signbit.convert import arithmetic, fold, pack
from signbit.convert.emit import Draft
from signbit.convert.floats import Floats
from signbit.convert.graph import Graph, image_shape, is_flatten, module_type, name_of, pair, place
from signbit.convert.layer_report import LayerReport, describe_product
from signbit.convert.signs import Signs
from signbit.convert.streams import CONV, INTEGER_CONV, LINEAR, Stream, Streams
from signbit.convert.write import ModelFile
from signbit.errors import ConvertError
from signbit.preprocessing import Preprocessing

_INPUT_TYPES = {torch.uint8: "uint8", torch.float32: "float32"}
_LARGEST_LOOKUP_BYTES = 4 << 20


class Lowering:
    """One conversion; ``report`` says what became of each layer."""

    def __init__(self, graph: Graph) -> None:
        value = graph.input.meta["val"]
        if value.dtype not in _INPUT_TYPES:
            raise ConvertError(f"the example is {value.dtype}; give images as uint8 or float32")
        self.graph, self.draft = graph, Draft()
        self.report: list[LayerReport] = []
        self.input = self.draft.tensor(graph.input.name, _INPUT_TYPES[value.dtype], image_shape(graph.input))
        self.streams = Streams(graph, self.draft)
        self.floats = Floats(graph, self.draft, self.streams, lambda node: self.signs.of(node, node), self.input)
        self.signs = Signs(self.draft, self.streams, self.floats, self.report)
        if value.dtype == torch.float32:
            self.floats.known[graph.input] = self.input

    def run(self, labels: list[str], metadata: dict[str, Any], preprocessing: Preprocessing | None = None) -> ModelFile:
        """Write the ops of the whole graph and return the model file."""
        layers = {
            CONV: self._binary_product,
            LINEAR: self._binary_product,
            INTEGER_CONV: self._integer_product,
            "aten::conv2d": self._real_layer,
            "aten::linear": self._real_layer,
        }
        for node in self.graph.nodes:
            if name_of(node) in layers:
                layers[name_of(node)](node)
        return self.draft.finish(self._output(self.graph.output), labels, metadata, preprocessing)

    # ---- layers

    def _constant(self, operand: Any, reader: fx.Node, what: str) -> Tensor:
        if isinstance(operand, fx.Node):
            if operand not in self.graph.constants:
                raise ConvertError(f"{place(reader)}: its {what} depends on the input; only parameters can stand there")
            operand = self.graph.constants[operand]
        return torch.as_tensor(operand)

    def _binary_product(self, node: fx.Node) -> None:
        source, weight = node.all_input_nodes[0], self._constant(node.args[1], node, "weight")
        if not bool(((weight == 1) | (weight == -1)).all()):
            raise ConvertError(
                f"{place(node)}: its weights are not all +1 or -1; its weight binarizer needs mode 'binary'"
            )
        attributes: list[Any]
        if name_of(node) == CONV:
            stride, padding, dilation, groups, padding_value = list[Any](node.args[2:7])
            attributes = [*weight.shape[2:], *pair(stride), *pair(padding), *pair(dilation), groups, padding_value]
        else:
            source, weight = self._as_convolution(source, weight)
            attributes = [*weight.shape[2:], 1, 1, 0, 0, 1, 1, 1, 0]
        bits = self.signs.of(source, node)
        words = pack.binary_weights(weight.numpy())
        tensor = self.draft.tensor(node.name, "int32", image_shape(node))
        self.draft.op("binary_conv", node.name, [bits], tensor, [words], [int(value) for value in attributes])
        self.streams.known[node] = Stream(tensor, weight[0].numel(), True)
        self.report.append(describe_product(node, "binary_conv", (1, 1), weight.numel(), words.nbytes, ""))

    def _integer_product(self, node: fx.Node) -> None:
        weight = pack.channels_last(self._constant(node.args[1], node, "weight").float().numpy())
        if node.args[0] is not self.graph.input or self.graph.input.meta["val"].dtype != torch.uint8:
            raise ConvertError(f"{place(node)}: an integer stem reads the uint8 image itself; give a uint8 example")
        codes = weight.astype(np.int8)
        if not np.array_equal(codes, weight) or codes.min() < -127:
            raise ConvertError(f"{place(node)}: its weights are not whole numbers from -127 to 127")
        geometry = [size for argument in node.args[2:5] for size in pair(argument)]
        tensor = self.draft.tensor(node.name, "int32", image_shape(node))
        self.draft.op("integer_conv", node.name, [self.input], tensor, [codes], [*codes.shape[1:3], *geometry])
        bound = 128 * int(np.abs(codes.astype(np.int64)).sum(axis=(1, 2, 3)).max())
        self.streams.known[node] = Stream(tensor, bound, True)
        one_bit = bool((np.abs(codes) == 1).all())
        note = "one-bit weights on pixels, stored in 8 bits" if one_bit else "integer stem: 8-bit weights and pixels"
        bits = (8, 1 if one_bit else 8)
        self.report.append(describe_product(node, "integer_conv", bits, codes.size, codes.nbytes, note))

    def _real_layer(self, node: fx.Node) -> None:
        if module_type(node) == "signbit.layers.binary_weight_conv.BinaryWeightConv2d":
            raise ConvertError(
                f"{place(node)}: the engine has no op for real values times one-bit weights; use torch.nn.Conv2d"
            )
        if module_type(node).startswith("signbit.layers.binary_"):
            raise ConvertError(f"{place(node)}: a binary layer with real values; set its binarizers to mode 'binary'")
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
        floats = self.floats.of(source)
        tensor = self.floats.known[node] = self.floats.new(node)
        self.draft.op("float_conv", node.name, [floats], tensor, constants, attributes)
        size = sum(constant.nbytes for constant in constants)
        note = "real-valued in the module"
        self.report.append(describe_product(node, "float_conv", (32, 32), weight.numel(), size, note))

    def _real_geometry(self, node: fx.Node) -> list[int]:
        defaults: list[Any] = [1, 0, 1, 1]
        given: list[Any] = list(node.args[3:7])
        stride, padding, dilation, groups = given + defaults[len(given) :]
        if isinstance(padding, str):
            raise ConvertError(f"{place(node)}: padding={padding!r}; state it in pixels")
        return [*pair(stride), *pair(padding), *pair(dilation), int(groups)]

    def _as_convolution(self, source: fx.Node, weight: Tensor) -> tuple[fx.Node, Tensor]:
        """A linear layer on a flattened image is a convolution whose kernel is the whole image."""
        if is_flatten(source):
            image = source.all_input_nodes[0]
            height, width, channels = image_shape(image)
            return image, weight.reshape(len(weight), channels, height, width)
        if source.meta["val"].dim() != 2:
            axes = source.meta["val"].dim()
            raise ConvertError(
                f"{place(source)}: a linear layer on a tensor of {axes} axes; flatten it to [N, C] first"
            )
        return source, weight[:, :, None, None]

    # ---- the output

    def _output(self, node: fx.Node) -> int:
        """The float32 tensor of the network's output: torch's own floats where they are a function of integers."""
        stream = self.streams.of(node)
        if stream is not None and stream.pool is None and not self._is_exact(node, stream):
            length, channels = 2 * stream.bound + 1, image_shape(node)[2]
            if 4 * length * channels <= _LARGEST_LOOKUP_BYTES:
                return self._lookup(node, stream, length, channels)
        return self.floats.of(node)

    def _is_exact(self, node: fx.Node, stream: Stream) -> bool:
        """Whether the steps give torch's own float32 for every integer, to the bit."""
        if self.floats.joins(node):
            return False
        try:
            expression = self.floats.expression(node)
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
        constants, attributes = [values.numpy()], [-stream.bound, length]
        return self.draft.op("lookup", node.name, [stream.tensor], self.floats.new(node), list(constants), attributes)
