"""Run the module itself before it is captured: torch's own error messages are clearer then than during tracing."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from signbit.errors import ConvertError


def rehearse(module: nn.Module, images: Tensor) -> str:
    """Run the module once on a batch of images, and check that it returns one tensor.

    Args:
        module: in eval mode.
        images: a batch; it is not changed.

    Returns:
        the sources of the module's random numbers, as text; empty if it draws none.

    Raises:
        ConvertError: it does not take one tensor, fails, changes its input, or does not give one tensor.
    """
    _check_forward(module, images)
    given = images.clone()
    before = _generators()
    output = run_module(module, given, "the example")
    drawn = [name for name, state in _generators().items() if state != before[name]]
    if not torch.equal(given.view(torch.uint8), images.view(torch.uint8)):
        raise ConvertError(
            "the module changes its input; clone it first (x = x.clone()), or use an operator that is not in-place"
        )
    _check_output(output, len(images))
    return ", ".join(drawn)


@contextmanager
def isolated() -> Iterator[None]:
    """Set torch's own defaults (CPU, float32, no autocast), and restore the caller's settings and random states."""
    python, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    with torch.random.fork_rng(devices=[]), torch.device("cpu"), torch.autocast("cpu", enabled=False):
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            random.setstate(python)
            np.random.set_state(numpy_state)  # noqa: NPY002


def run_module(module: nn.Module, images: Tensor, name: str) -> Any:
    """The module's output for a batch.

    Args:
        name: name of the batch, for the message.

    Raises:
        ConvertError: the module raises an exception; names the module in which it did.
    """
    with module_trail(module) as trail, torch.no_grad():
        try:
            return module(images)
        except Exception as error:
            shape = list(images.shape)
            raise ConvertError(
                f"{innermost(trail)} fails on {name}, {images.dtype} of shape {shape}: {first_line(error)}. The module "
                "must accept a batch of any number of images of the example's size and type"
            ) from error


@contextmanager
def module_trail(module: nn.Module) -> Iterator[list[str]]:
    """The paths of the modules that are being called, outermost first; they stay as they were when a call fails."""
    trail: list[str] = []
    handles = []
    for path, child in module.named_modules():
        handles.append(child.register_forward_pre_hook(lambda module, inputs, path=path: trail.append(path)))
        handles.append(child.register_forward_hook(lambda module, inputs, output: _leave(trail)))
    try:
        yield trail
    finally:
        for handle in handles:
            handle.remove()


def innermost(trail: list[str]) -> str:
    """The words for the module in which a call failed."""
    return f"module '{trail[-1]}'" if trail and trail[-1] else "the outermost module"


def first_line(error: Exception) -> str:
    """The message of an exception, on one line and without a final full stop."""
    return (str(error).strip() or repr(error)).splitlines()[0].rstrip(".")


def type_name(value: object) -> str:
    """The class of a value, with its package where that is not Python itself."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _leave(trail: list[str]) -> None:
    trail.pop()


def _check_forward(module: nn.Module, images: Tensor) -> None:
    if type(module).forward is nn.Module.forward:
        raise ConvertError(f"a {type_name(module)} has no forward; give a module that accepts a batch of images")
    signature = inspect.signature(module.forward)
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    try:
        signature.bind(images)
    except TypeError as error:
        problem = first_line(error)
    else:
        if inspect.Parameter.VAR_POSITIONAL not in kinds[:1]:
            return
        problem = "it takes any number of inputs"
    raise ConvertError(
        f"the module's forward{signature} does not accept one batch of images: {problem}. Wrap it in a module whose "
        "forward(self, x) supplies the other arguments"
    )


def _generators() -> dict[str, Any]:
    numpy_state: Any = np.random.get_state(legacy=False)  # noqa: NPY002, a module may use the old generator
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "Python's random": random.getstate(),
        "numpy.random": (numpy_state["state"]["key"].tobytes(), numpy_state["state"]["pos"]),
    }


def _check_output(output: Any, images: int) -> None:
    if not isinstance(output, Tensor):
        if isinstance(output, (list, tuple, dict)):
            what = f"a {type_name(output)} of {len(output)}"
        else:
            what = "None" if output is None else f"a {type_name(output)}"
        raise ConvertError(
            f"the module returns {what}; it must return exactly one tensor: wrap it in a module that returns only "
            "that one"
        )
    if not output.dim() or len(output) != images:
        raise ConvertError(
            f"the module returns a tensor of shape {list(output.shape)} for {images} images; it must return one "
            "result for each image, [N, C] or [N, C, H, W]"
        )
