"""Check that the captured graph reproduces the module, bit for bit, before a model file is returned."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from signbit.convert.adversarial import adversarial_inputs
from signbit.convert.capture import Graph
from signbit.convert.node import module_path, place
from signbit.convert.rehearsal import first_line, run_module
from signbit.errors import ConvertError


def prove_graph(module: nn.Module, graph: Graph, example: Tensor) -> list[str]:
    """Check that the graph reproduces the module's output, on the example and on adversarial inputs.

    Args:
        module: in eval mode; what was captured.
        example: a batch of images.

    Returns:
        warnings about the outputs.

    Raises:
        ConvertError: it is not, or the module gives two results for one input; names the first module that differs.
    """
    shape = tuple(example.shape[1:])
    batches = [("the example", example), *adversarial_inputs(shape, example.dtype)]
    outputs = []
    for name, images in batches:
        wanted, again = run_module(module, images, name), run_module(module, images, name)
        if not same(wanted, again):
            raise ConvertError(
                "the module gives two different results for one input in eval mode; remove what is random in it, "
                "and state that it keeps from one call to the next"
            )
        if not same(_run_graph(graph, images), wanted):
            where = _first_module_that_differs(module, graph, images)
            raise ConvertError(
                f"{where}: its captured graph gives a different result from the module, on {name}. A branch that "
                "depends on the number of images, or a value kept from an earlier call, causes this: remove it"
            )
        outputs.append(wanted.reshape(len(images), -1))
    rows = torch.cat(outputs)
    warnings = []
    if bool((rows == rows[:1]).all()):
        warnings.append(
            f"{_first_fixed(graph, images)}: its output was the same for every image tested, and so was the "
            "network's: no information about the image reaches it. Check the layers before it"
        )
    if bool(rows.isnan().any()):
        warnings.append(
            "the outermost module: its output was NaN for some of the images tested; check for a division by 0"
        )
    return warnings


def _first_fixed(graph: Graph, images: Tensor) -> str:
    """The place of the first node whose value is the same for all images of a batch."""
    values = graph.run(images)
    for node in graph.nodes:
        value = values[node]
        if isinstance(value, Tensor) and value.dim() and bool((value == value[:1]).all()):
            return place(node)
    return "the outermost module"


def _run_graph(graph: Graph, images: Tensor) -> Tensor:
    try:
        output: Tensor = graph.run(images)[graph.output]
        return output
    except (RuntimeError, IndexError, ValueError) as error:
        raise ConvertError(
            f"the module only works for a fixed number of images: the captured graph fails on {len(images)} "
            f"({first_line(error)}). Write x.shape[0] or -1 instead of a number or len(x)"
        ) from error


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal, a NaN to a NaN, and zeros of one sign.

    The second may lack the axis of a batch of one, which ``squeeze()`` drops in a module.
    """
    if other.dim() == one.dim() - 1 and len(one) == 1:
        other = other[None]
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    equal = (one == other) & (one.signbit() == other.signbit())
    return bool((equal | (one.isnan() & other.isnan())).all())


def _first_module_that_differs(module: nn.Module, graph: Graph, images: Tensor) -> str:
    """By the last node of each module, in the order in which the modules end."""
    last = {module_path(node): node for node in graph.nodes}
    values = graph.run(images)
    found: list[str] = []

    def compare(path: str, output: Any) -> None:
        output = output[0] if isinstance(output, (tuple, list)) and output else output
        node = last.get(path)
        mine = None if node is None else values[node]
        if isinstance(mine, Tensor) and isinstance(output, Tensor) and not same(mine, output):
            found.append(path)

    handles = [
        child.register_forward_hook(lambda module, inputs, output, path=path: compare(path, output))
        for path, child in module.named_modules()
        if path
    ]
    try:
        with torch.no_grad():
            module(images)
    finally:
        for handle in handles:
            handle.remove()
    return f"module '{found[0]}'" if found else "the outermost module"
