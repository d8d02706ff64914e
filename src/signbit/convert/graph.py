"""Capture a module as a flat list of operators; what depends on parameters alone is folded to constants."""

from __future__ import annotations

import copy
import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from signbit.convert.pointwise import IDENTITIES, SIGN, is_free_of_channels
from signbit.errors import ConvertError

_VIEWS = frozenset({"aten::view", "aten::reshape", "aten::flatten", "aten::squeeze", "aten::unsqueeze", "aten::slice"})
_FLATTENS = frozenset({"aten::view", "aten::reshape", "aten::flatten", "aten::_unsafe_view"})
_CHECKS = frozenset({"aten::_assert_tensor_metadata", "aten::sym_constrain_range_for_size", "aten::_assert_scalar"})


@dataclass(frozen=True)
class Graph:
    """The operations of a module in the order in which they run.

    ``nodes`` are the calls that depend on the input; ``constants`` hold the value of every other node they read.
    """

    nodes: list[fx.Node]
    constants: dict[fx.Node, Any]
    input: fx.Node
    output: fx.Node

    def run(self, images: Tensor) -> dict[fx.Node, Any]:
        """The value of every node for a batch of images, computed eagerly."""
        values = dict(self.constants)
        values[self.input] = images
        with torch.no_grad():
            for node in self.nodes:
                values[node] = call(node, values.__getitem__)
        return values


def name_of(node: fx.Node) -> str:
    """The operator of a node, as ``namespace::name`` without its overload."""
    schema = getattr(node.target, "_schema", None)
    return schema.name if schema is not None else str(node.target)


def module_path(node: fx.Node) -> str:
    """The path of the module that holds a node's call, '' for the outermost."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return str(stack[-1][0]) if stack else ""


def module_type(node: fx.Node) -> str:
    """The class of the module that holds a node's call, with its package."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    kind = stack[-1][1] if stack else ""
    return kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def place(node: fx.Node) -> str:
    """The words that name a node in an error message."""
    path = module_path(node)
    return f"module '{path}' ({node.name})" if path else f"the outermost module ({node.name})"


def call(node: fx.Node, value: Callable[[fx.Node], Any]) -> Any:
    """Run a node's operator on the values of its arguments."""
    args = fx.node.map_arg(node.args, value)
    kwargs = fx.node.map_arg(node.kwargs, value)
    return node.target(*args, **kwargs)  # type: ignore[operator]


def is_flatten(node: fx.Node) -> bool:
    """Whether a node turns images [N, C, H, W] into vectors [N, C * H * W]."""
    if node.op != "call_function" or name_of(node) not in _FLATTENS:
        return False
    source = node.args[0]
    return isinstance(source, fx.Node) and source.meta["val"].dim() == 4 and node.meta["val"].dim() == 2


def image_shape(node: fx.Node) -> tuple[int, int, int]:
    """Height, width and channels of one image of a node's value; a vector is an image of one pixel.

    Raises:
        ConvertError: the value has neither the axes [N, C, H, W] nor [N, C].
    """
    shape = node.meta["val"].shape
    if len(shape) == 4:
        return int(shape[2]), int(shape[3]), int(shape[1])
    if len(shape) == 2:
        return 1, 1, int(shape[1])
    known = "the engine has images [N, C, H, W] and vectors [N, C]"
    raise ConvertError(f"{place(node)}: a tensor of {len(shape)} axes; {known}")


def cat_operands(node: fx.Node) -> list[fx.Node]:
    """What a concatenation along the channels joins.

    Raises:
        ConvertError: it joins along another axis, or joins constants.
    """
    axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
    rank = node.meta["val"].dim()
    if int(axis) % rank != 1:  # type: ignore[arg-type]
        raise ConvertError(f"{place(node)}: a concatenation along axis {axis}; only channels (axis 1) can be joined")
    return list(node.args[0])  # type: ignore[arg-type]


def pool_window(node: fx.Node) -> list[int]:
    """Kernel, stride, padding and dilation of a max pool, each as height and width."""
    kernel, stride, padding, dilation = [*node.args[1:5], *[None] * (5 - len(node.args))][:4]
    pairs = (kernel, stride or kernel, 0 if padding is None else padding, 1 if dilation is None else dilation)
    return [size for value in pairs for size in pair(value)]


def pair(value: Any) -> list[int]:
    """One number for both sides, or one for each, as two numbers."""
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return [int(values[0]), int(values[-1])]


def is_signs(node: fx.Node) -> bool:
    """Whether a node's values are all +1 or -1: a sign, or signs that were pooled, joined or flattened."""
    if node.op != "call_function":
        return False
    name = name_of(node)
    if name == SIGN:
        return True
    if name == "aten::cat":
        return all(is_signs(operand) for operand in cat_operands(node))
    if name == "aten::max_pool2d" or is_flatten(node) or name in IDENTITIES:
        return isinstance(node.args[0], fx.Node) and is_signs(node.args[0])
    return False


def capture(module: nn.Module, example: Tensor) -> Graph:
    """Capture ``module`` in eval mode.

    Args:
        module: takes one batch of images and returns one tensor. It is not changed.
        example: a batch [N, C, H, W] or [N, F] of the type that the network will be given (uint8 or float32).

    Raises:
        ConvertError: the module cannot be captured as a flat graph (control flow that depends on values, several
            inputs or outputs, in-place changes of a view).
    """
    module = copy.deepcopy(module).eval().to("cpu")
    example = example.detach().cpu()
    if example.shape[0] < 2:  # a batch of one would be captured as "always one"
        example = example.expand(2, *example.shape[1:]).contiguous()
    try:
        with torch.no_grad():
            program = torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    except Exception as error:
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise ConvertError(
            f"the module cannot be captured: {reason}. Its forward must take one tensor and be free of control flow "
            "that depends on values"
        ) from error
    graph = program.graph
    values = _parameters(program)
    inputs = [node for node in graph.nodes if node.op == "placeholder" and node not in values]
    if len(inputs) != 1:
        raise ConvertError(f"the module takes {len(inputs)} inputs; it must take exactly one, a batch of images")
    _drop_checks(graph)
    _make_functional(graph)
    _sink_flattens(graph)
    graph.eliminate_dead_code()
    return _split(graph, values, inputs[0])


def _parameters(program: torch.export.ExportedProgram) -> dict[fx.Node, Any]:
    """The values of the placeholders that are parameters, buffers or lifted constants."""
    signature = program.graph_signature
    targets = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    lifted = signature.inputs_to_lifted_tensor_constants
    values: dict[fx.Node, Any] = {}
    for node in program.graph.nodes:
        if node.op != "placeholder":
            continue
        if node.name in targets:
            target = targets[node.name]
            value = program.state_dict.get(target, program.constants.get(target))
            values[node] = value.detach()
        elif node.name in lifted:
            values[node] = program.constants[lifted[node.name]]
    return values


def _drop_checks(graph: fx.Graph) -> None:
    for node in reversed(list(graph.nodes)):
        if node.op == "call_function" and name_of(node) in _CHECKS:
            graph.erase_node(node)


def _make_functional(graph: fx.Graph) -> None:
    """Turn in-place operators into their functional twins; later readers of the changed tensor read the result."""
    order = {node: index for index, node in enumerate(graph.nodes)}
    for node in list(graph.nodes):
        schema = getattr(node.target, "_schema", None)
        if node.op != "call_function" or schema is None or not schema.is_mutable:
            continue
        changed = node.args[0]
        twin = getattr(torch.ops.aten, schema.name.removeprefix("aten::").removesuffix("_"), None)
        overload = getattr(twin, node.target._overloadname, None)
        if overload is None or not isinstance(changed, fx.Node):
            raise ConvertError(f"{place(node)} changes a tensor in place with {schema.name}; use one that does not")
        if changed.op == "call_function" and name_of(changed) in _VIEWS:
            base = changed.args[0]
            if isinstance(base, fx.Node) and any(order[user] > order[node] for user in base.users):
                raise ConvertError(f"{place(node)} changes a view in place while its base is read later; copy it first")
        node.target = overload
        changed.replace_all_uses_with(node, functools.partial(_follows, order, order[node]))


def _follows(order: dict[fx.Node, int], position: int, user: fx.Node) -> bool:
    return order[user] > position


def _sink_flattens(graph: fx.Graph) -> None:
    """Move each flatten behind the operators that treat every element alike.

    ``sign(flatten(x))`` equals ``flatten(sign(x))``; in the second form the sign is a threshold for each channel, and
    the linear layer that follows is a convolution whose kernel is the whole image.
    """
    moved = True
    while moved:
        moved = False
        for node in list(graph.nodes):
            if node.op != "call_function" or not is_free_of_channels(node):
                continue
            flatten = node.args[0]
            if not isinstance(flatten, fx.Node) or not is_flatten(flatten) or len(flatten.users) > 1:
                continue
            source = flatten.all_input_nodes[0]
            image, vector = source.meta["val"], node.meta["val"]
            if image.dtype != vector.dtype:
                continue
            node.replace_input_with(flatten, source)
            node.meta["val"] = image
            with graph.inserting_after(node):
                after = graph.create_node("call_function", torch.ops.aten.flatten.using_ints, (node, 1))
            after.meta = {**flatten.meta, "val": vector}
            node.replace_all_uses_with(after, lambda user, after=after: user is not after)
            moved = True


def _split(graph: fx.Graph, values: dict[fx.Node, Any], source: fx.Node) -> Graph:
    """Evaluate every node that does not depend on the input; keep the others in order."""
    constants = dict(values)
    nodes: list[fx.Node] = []
    depends = {source}
    output: fx.Node | None = None
    for node in graph.nodes:
        if node.op == "output":
            results = node.args[0]
            if not isinstance(results, (tuple, list)) or len(results) != 1 or not isinstance(results[0], fx.Node):
                raise ConvertError("the module must return exactly one tensor")
            output = results[0]
        elif node.op == "call_function":
            if any(argument in depends for argument in node.all_input_nodes):
                depends.add(node)
                nodes.append(node)
            else:
                with torch.no_grad():
                    constants[node] = call(node, constants.__getitem__)
        elif node.op == "get_attr":
            constants[node] = operator.attrgetter(str(node.target))(graph.owning_module)
    if output is None or output not in depends:
        raise ConvertError("the module's output does not depend on its input")
    return Graph(nodes, constants, source, output)
