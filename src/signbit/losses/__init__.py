"""Losses: one file a term, each a module of (logits, labels)."""

from signbit.extras import need

need("torch", __name__)

from typing import Any

from torch import nn

from signbit.file_listing import class_name, file_names, import_named

__all__ = ["create", "names"]


def names() -> list[str]:
    """Names of the losses, which are the names of the files in this folder."""
    return file_names(__file__)


def create(name: str, **arguments: Any) -> nn.Module:
    """Build the loss of that name: a module of logits (N, classes) and labels (N,) that returns a mean.

    Raises:
        ValueError: there is no such loss; the message lists those there are.
    """
    loss = getattr(import_named(__name__, __file__, name), class_name(name))(**arguments)
    assert isinstance(loss, nn.Module)
    return loss
