"""Models: one file a family. Each file holds a function of its name that builds the model."""

from signbit.extras import need

need("torch", __name__)

from typing import Any

from torch import nn

from signbit.file_listing import file_names, import_named

__all__ = ["create", "names"]


def names() -> list[str]:
    """Names of the families, which are the names of the files in this folder."""
    return file_names(__file__)


def create(name: str, **arguments: Any) -> nn.Module:
    """Build the model of that name; it takes uint8 pixels (N, C, H, W) and returns logits (N, classes).

    Raises:
        ValueError: there is no such model (the message lists those there are), or an argument is outside its range.
    """
    model = getattr(import_named(__name__, __file__, name), name)(**arguments)
    assert isinstance(model, nn.Module)
    return model
