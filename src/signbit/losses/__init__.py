"""Losses: one file a term, each a module whose `forward` names what it is given, out of `INPUTS`."""

from signbit.extras import need

need("torch", __name__)

import inspect
from typing import Any

from torch import nn

from signbit.file_listing import class_name, file_names, import_named

__all__ = ["INPUTS", "create", "inputs", "names"]

INPUTS = {
    "logits": "of the network, (N, classes)",
    "labels": "(N,)",
    "teacher_logits": "of the first teacher, (N, classes)",
    "all_teacher_logits": "of every teacher, a list of (N, classes)",
    "features": "of the network's feature layers, a list of (N, C, H, W)",
    "teacher_features": "of the first teacher's feature layers, a list of as many",
}
"""What a loss may ask for, by the names of its forward's parameters."""


def names() -> list[str]:
    """Names of the losses, which are the names of the files in this folder."""
    return file_names(__file__)


def create(name: str, **arguments: Any) -> nn.Module:
    """Build the loss of that name: a module that returns a mean over the batch; `inputs` says of what.

    Raises:
        ValueError: there is no such loss; the message lists those there are.
    """
    loss = _class_of(name)(**arguments)
    assert isinstance(loss, nn.Module)
    return loss


def inputs(name: str) -> tuple[str, ...]:
    """What the loss of that name is given, some of `INPUTS`.

    Raises:
        ValueError: there is no such loss, or its forward names something that is not there.
    """
    given = tuple(inspect.signature(_class_of(name).forward).parameters)[1:]
    for unknown in set(given) - set(INPUTS):
        raise ValueError(f"the loss {name} asks for {unknown!r}; there are {', '.join(INPUTS)}")
    return given


def _class_of(name: str) -> Any:
    return getattr(import_named(__name__, __file__, name), class_name(name))
