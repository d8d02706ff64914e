"""Capture a module as a flat, functional list of operators; what depends on parameters alone becomes constants.

`torch.export` traces the module, and torch's functionalization (`run_decompositions`) resolves in-place changes and
aliases. Only inactive dropout is removed before that: torch returns its input itself, an alias, and functionalization
would copy it.
"""

from __future__ import annotations

import copy
import logging
import operator
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils._sympy.printers import PythonPrinter

from signbit.convert.node import operator_name, place
from signbit.convert.rehearsal import first_line, innermost, module_trail, type_name
from signbit.convert.wrappers import unwrap, unwrap_children
from signbit.errors import ConvertError

_IMAGES = 7  # of the batch that is traced: torch takes a size that is also 2 elsewhere for a number that is fixed
INPUT_TYPES = {torch.uint8: "uint8", torch.float32: "float32"}

_DROPOUTS = frozenset(
    f"aten::{name}" for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
)
# Aliases of operators, and compositions that torch itself decomposes.
_TAKEN_APART = frozenset(
    {
        "aten::absolute",
        "aten::arccos",
        "aten::arccosh",
        "aten::arcsin",
        "aten::arcsinh",
        "aten::arctan",
        "aten::arctan2",
        "aten::arctanh",
        "aten::atleast_1d",
        "aten::atleast_2d",
        "aten::atleast_3d",
        "aten::broadcast_tensors",
        "aten::clip",
        "aten::column_stack",
        "aten::concat",
        "aten::concatenate",
        "aten::divide",
        "aten::dstack",
        "aten::fix",
        "aten::fliplr",
        "aten::flipud",
        "aten::greater",
        "aten::greater_equal",
        "aten::hstack",
        "aten::less",
        "aten::less_equal",
        "aten::multiply",
        "aten::negative",
        "aten::not_equal",
        "aten::repeat_interleave",
        "aten::special_erf",
        "aten::special_erfc",
        "aten::special_exp2",
        "aten::special_expit",
        "aten::special_expm1",
        "aten::special_log1p",
        "aten::special_logit",
        "aten::special_round",
        "aten::subtract",
        "aten::tile",
        "aten::true_divide",
        "aten::type_as",
        "aten::__and__",
        "aten::__or__",
        "aten::__xor__",
    }
)
_ELEMENTWISE = frozenset({torch.ops.aten.max.other, torch.ops.aten.min.other})  # the others are along an axis


@dataclass(frozen=True)
class Graph:
    """The operations of a module in the order in which they run.

    ``nodes`` are the calls that depend on the input; ``constants`` hold the value of every other node they read.
    """

    nodes: list[fx.Node]
    constants: dict[fx.Node, Any]
    input: fx.Node
    output: fx.Node

    def run(self, images: Tensor, instead: dict[fx.Node, Tensor] | None = None) -> dict[fx.Node, Any]:
        """The value of every node for a batch of images, computed eagerly.

        Args:
            images: a batch.
            instead: values that replace the results of some nodes.
        """
        values = dict(self.constants)
        values[self.input] = images.contiguous()  # a view was traced for this order
        with torch.no_grad():
            for node in self.nodes:
                given = None if instead is None else instead.get(node)
                values[node] = call(node, values.__getitem__) if given is None else given
        return values


def call(node: fx.Node, value: Callable[[fx.Node], Any]) -> Any:
    """Run a node's operator on the values of its arguments."""
    args = fx.node.map_arg(node.args, value)
    kwargs = fx.node.map_arg(node.kwargs, value)
    return node.target(*args, **kwargs)  # type: ignore[operator]


def eval_copy(module: nn.Module) -> nn.Module:
    """A copy of the module, without wrappers, in eval mode on the CPU.

    Raises:
        ConvertError: it is not a torch.nn.Module, cannot be copied, has parameters without values, is not in float32,
            or a parameter is not finite.
    """
    module = unwrap(module)
    _check_module(module)
    try:
        # What a hook computes before each call (pruning, weight norm) is no leaf, which torch does not copy.
        computed = {id(value): value.detach().clone() for value in _computed_tensors(module)}
        module = copy.deepcopy(module, computed)
    except Exception as error:
        raise ConvertError(
            f"the module cannot be copied: {first_line(error)}. copy.deepcopy must work on it: keep open files, locks "
            "and tensors with a grad_fn out of its attributes"
        ) from error
    unwrap_children(module)
    module = module.eval().to("cpu")
    _check_parameters(module)
    return module


def capture(module: nn.Module, example: Tensor) -> Graph:
    """Capture ``module`` in eval mode.

    Args:
        module: takes one batch of images and returns one tensor; it is not modified.
        example: a batch [N, C, H, W] or [N, F] of the type the network will run on (uint8 or float32).

    Raises:
        ConvertError: the module cannot be captured as a flat graph (control flow that depends on values, several
            inputs or outputs), draws random numbers, or changes a buffer or its input.
    """
    return capture_copy(eval_copy(module), check_example(example))


def check_example(example: object) -> Tensor:
    """The example on the CPU.

    Raises:
        ConvertError: it is not a batch of uint8 or float32.
    """
    if not isinstance(example, Tensor):
        raise ConvertError(
            f"the example is a {type_name(example)}; give a torch.Tensor, such as torch.from_numpy(array)"
        )
    if example.is_meta or example.layout != torch.strided:
        raise ConvertError("the example is a meta or sparse tensor; give one with values, such as torch.zeros(...)")
    if example.dtype not in INPUT_TYPES:
        raise ConvertError(f"the example is {example.dtype}; give images as uint8 or float32")
    if example.dim() not in (2, 4) or not example.numel():
        shape = list(example.shape)
        raise ConvertError(f"the example has the shape {shape}; give at least one image, as [N, C, H, W] or [N, F]")
    return example.detach().cpu().contiguous()


def capture_copy(module: nn.Module, example: Tensor, drawn: str = "") -> Graph:
    """Capture what `eval_copy` and `check_example` gave.

    Args:
        drawn: the random number generators that the module was seen to use, in words.
    """
    exported = _export(module, example, drawn)
    condition = _condition_on_batch_size(exported)  # functionalization adds conditions of its own
    program = _functional(exported, module)
    values = _parameters(program)
    graph = program.graph
    inputs = [node for node in graph.nodes if node.op == "placeholder" and node not in values]
    if len(inputs) != 1:
        raise ConvertError(
            "the module's forward uses an object that is neither a tensor nor a number, such as a torch.Generator; a "
            "model file cannot store one: compute its result when the module is built"
        )
    _rename_norms(graph)
    _keep_batch(graph)
    graph.eliminate_dead_code(is_impure_node=lambda node: node.op in ("placeholder", "output"))
    found = _split(graph, values, inputs[0], program.graph_signature)  # names the operator that draws, if it is torch's
    if drawn:
        raise _random(drawn)
    if condition:
        raise ConvertError(condition)
    return found


def _random(drawn: str) -> ConvertError:
    return ConvertError(
        f"the module draws random numbers in eval mode (from {drawn}); draw them in training only: if self.training"
    )


def _rename_norms(graph: fx.Graph) -> None:
    """Name a batch norm's result after the batch norm, not after the tuple item."""
    for node in graph.nodes:
        if node.target is operator.getitem and operator_name(node.args[0]).startswith("aten::_native_batch_norm"):
            node._rename("batch_norm")


def _keep_batch(graph: fx.Graph) -> None:
    """``squeeze()`` on a batch of one would also drop the batch axis; restrict it to the other axes."""
    for node in graph.nodes:
        if node.target is torch.ops.aten.squeeze.default:
            shape = node.args[0].meta["val"].shape
            node.target = torch.ops.aten.squeeze.dims
            node.args = (node.args[0], [axis for axis in range(1, len(shape)) if shape[axis] == 1])


def _check_module(module: object) -> None:
    if not isinstance(module, nn.Module):
        kind = f"the class {module.__qualname__}" if isinstance(module, type) else f"a {type_name(module)}"
        raise ConvertError(f"the module is {kind}; give a torch.nn.Module, an instance with its weights")
    for path, child in module.named_modules():
        where = f"module '{path}'" if path else "the module"
        if isinstance(child, torch.jit.ScriptModule):
            raise ConvertError(f"{where} is TorchScript; give the torch.nn.Module it was made from")
        if isinstance(child, fx.GraphModule) and hasattr(child, "range_constraints"):
            raise ConvertError(f"{where} comes from torch.export; give the torch.nn.Module it was made from")
    for name, values in [*module.named_parameters(), *module.named_buffers()]:
        if torch.nn.parameter.is_lazy(values):
            raise ConvertError(f"{name} has no size yet; run the module once on a batch to initialise its lazy layers")
        if values.is_meta:
            raise ConvertError(f"{name} is on the meta device and has no values; load the weights first")


def _computed_tensors(module: nn.Module) -> Iterator[Tensor]:
    for child in module.modules():
        for value in vars(child).values():
            if isinstance(value, Tensor) and value.grad_fn is not None:
                yield value


def _check_parameters(module: nn.Module) -> None:
    for name, values in [*module.named_parameters(), *module.named_buffers()]:
        if (values.is_floating_point() or values.is_complex()) and values.dtype != torch.float32:
            raise ConvertError(f"{name} is {values.dtype}; convert works in float32: call .float() on the module first")
        if values.is_floating_point() and not bool(torch.isfinite(values).all()):
            count = int((~torch.isfinite(values)).sum())
            raise ConvertError(
                f"{name}: {count} of {values.numel()} values are NaN or infinite, so the training diverged. "
                "Convert an earlier checkpoint"
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what torch logs and prints of errors that it also raises, and its warnings about its own code."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()):
            warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated", FutureWarning)
            yield
    finally:
        logging.disable(before)


def _export(module: nn.Module, example: Tensor, drawn: str) -> torch.export.ExportedProgram:
    shapes = ({0: torch.export.Dim.AUTO},)
    images = example[torch.arange(_IMAGES) % len(example)]
    with module_trail(module) as trail, torch.no_grad(), _quiet():
        try:
            return torch.export.export(module, (images,), dynamic_shapes=shapes, strict=False)
        except Exception as error:
            if drawn:
                raise _random(drawn) from error
            raise ConvertError(
                _about_data(error)
                or f"{innermost(trail)} cannot be captured: {first_line(error)}. Its forward must consist of plain "
                "torch operators on one tensor: no branch, shape or Python number may depend on the images' values"
            ) from error


def _condition_on_batch_size(program: torch.export.ExportedProgram) -> str:
    """Why the trace only holds for some numbers of images, of which torch keeps guards; empty if it holds for all."""
    (name,) = program.graph_signature.user_inputs
    size: Any = next(node for node in program.graph.nodes if node.name == name).meta["val"].shape[0]
    if isinstance(size, int) or not size.node.expr.free_symbols:
        return (
            "the module only works for a fixed number of images; write x.shape[0] or -1 instead of a number or len(x), "
            "and do not loop over the images"
        )
    images = size.node.expr
    conditions = [guard.expr for guard in size.node.shape_env.guards if guard.expr.free_symbols == {images}]
    if not conditions:
        return ""
    words = re.sub(rf"\b{images}\b", "x.shape[0]", PythonPrinter().doprint(conditions[0]))
    return (
        f"the module branches on the number of images ({words}), so an image's result depends on the batch it is in; "
        "remove the branch"
    )


def _about_data(error: Exception) -> str:
    """The message where torch did not see what became of a tensor; empty for other errors."""
    if "fake tensor in the exported program constant's list" not in str(error):
        return ""
    path = re.search(r"model attribute: (\S+)\.\w+\.", str(error))
    where = f"module '{path[1]}'" if path else "the outermost module"
    return f"{where}: its forward uses a tensor's .data, or keeps a tensor in an attribute; use the tensor or .detach()"


def _functional(program: torch.export.ExportedProgram, module: nn.Module) -> torch.export.ExportedProgram:
    for node in list(program.graph.nodes):
        if node.op != "call_function":
            continue
        if isinstance(node.target, torch._ops.HigherOrderOperator):
            raise ConvertError(
                f"{place(node)}: its forward uses {operator_name(node)}; convert works in plain eval mode in float32: "
                "remove autocast, checkpointing and control-flow operators from the module"
            )
        if operator_name(node).removesuffix("_") in _DROPOUTS and not _argument(node, "train"):
            node.replace_all_uses_with(node.args[0])
            program.graph.erase_node(node)
    try:
        with torch.no_grad(), _quiet():
            functional: torch.export.ExportedProgram = program.run_decompositions(_decompositions(program.graph))
            return functional
    except Exception as error:
        raise ConvertError(
            f"torch cannot functionalize the module: {first_line(error)}. Replace in-place operators by those that "
            "return a new tensor"
        ) from error


def _decompositions(graph: fx.Graph) -> dict[Any, Callable[..., Any]]:
    used = {node.target for node in graph.nodes if node.op == "call_function"}
    if not any(_is_taken_apart(target) for target in used):
        return {}  # listing what torch has takes half a second
    known: dict[Any, Any] = dict(torch.export.default_decompositions().items())  # type: ignore[no-untyped-call]
    return {target: made for target, made in known.items() if _is_taken_apart(target)}


def _is_taken_apart(target: Any) -> bool:
    name = getattr(getattr(target, "_schema", None), "name", "")
    return name.rstrip("_") in _TAKEN_APART or name in _TAKEN_APART or target in _ELEMENTWISE


def _argument(node: fx.Node, name: str) -> Any:
    arguments = node.target._schema.arguments  # type: ignore[union-attr]
    position = [argument.name for argument in arguments].index(name)
    if name in node.kwargs:
        return node.kwargs[name]
    return node.args[position] if position < len(node.args) else arguments[position].default_value


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


def _split(graph: fx.Graph, values: dict[fx.Node, Any], source: fx.Node, signature: Any) -> Graph:
    """Evaluate every node that does not depend on the input; keep the others in order."""
    constants = dict(values)
    nodes: list[fx.Node] = []
    depends = {source}
    output: fx.Node | None = None
    for node in graph.nodes:
        if node.op == "output":
            output = _only_output(node, signature)
        elif node.op == "call_function":
            _refuse_randomness(node)
            if any(argument in depends for argument in node.all_input_nodes):
                depends.add(node)
                nodes.append(node)
            else:
                with torch.no_grad():
                    constants[node] = call(node, constants.__getitem__)
        elif node.op == "get_attr":
            constants[node] = operator.attrgetter(str(node.target))(graph.owning_module)
    if output is None or output not in depends:
        raise ConvertError("the module's output does not depend on its input, so there is nothing to convert")
    return Graph(nodes, constants, source, output)


def _only_output(node: fx.Node, signature: Any) -> fx.Node:
    _refuse_batch_statistics(node.graph)
    changed = {**signature.buffers_to_mutate, **signature.user_inputs_to_mutate}
    if changed:
        names = ", ".join(map(str, changed.values()))
        raise ConvertError(
            f"the module changes {names} in eval mode, but a model file keeps no state: change buffers only in "
            "training, and clone the input before changing it"
        )
    results = node.args[0]
    assert isinstance(results, (tuple, list))
    if len(results) != 1 or not isinstance(results[0], fx.Node):
        raise ConvertError(
            f"the module returns {len(results)} values; it must return exactly one tensor: wrap it in a module that "
            "returns only that one"
        )
    return results[0]


def _refuse_batch_statistics(graph: fx.Graph) -> None:
    for node in graph.nodes:
        if operator_name(node).startswith("aten::_native_batch_norm_legit_functional"):
            raise ConvertError(
                f"{place(node)}: this batch norm uses the statistics of the batch (training=True), so the result of an "
                "image would depend on the others. Use a batch norm with running statistics, in eval mode"
            )


def _draws(node: fx.Node) -> bool:
    """Whether this call of an operator draws random numbers."""
    if torch.Tag.nondeterministic_seeded not in getattr(node.target, "tags", ()):
        return False
    schema = node.target._schema  # type: ignore[union-attr]
    names = {argument.name for argument in schema.arguments}
    if "dropout_p" in names:
        return bool(_argument(node, "dropout_p"))
    return not any(_argument(node, name) is False for name in ("training", "train") if name in names)


def _refuse_randomness(node: fx.Node) -> None:
    if _draws(node):
        raise ConvertError(
            f"{place(node)} draws random numbers in eval mode ({operator_name(node)}); switch noise and dropout off in "
            "eval mode: F.dropout needs training=self.training"
        )
