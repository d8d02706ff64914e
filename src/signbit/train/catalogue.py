"""What there is to choose from, described by its own docstrings."""

from __future__ import annotations

import inspect
import re
from typing import Any

import torch

from signbit import binarizers, models
from signbit.file_listing import class_name, import_named
from signbit.metrics.costs import Costs, count_costs

Shape = tuple[int, int, int]
"""Channels, height and width of the pixels."""


def describe_models() -> list[dict[str, Any]]:
    """Each network as it is built by default: its first sentence, input, costs and source."""
    described = []
    for name in models.names():
        costs = count_model(name, {})
        counted = {"parameters": costs.parameters, "ops": costs.ops, "bytes": costs.bytes}
        about = {"input": list(input_shape(name, {})), **_docstring(models.family_function(name))}
        described.append({"name": name} | counted | about)
    return described


def input_shape(name: str, arguments: dict[str, Any]) -> Shape:
    """What a network with these arguments takes."""
    known = models.parameters(name) | arguments
    size = known.get("image_size", 32)
    return known.get("in_channels", 3), size, size


def count_model(name: str, arguments: dict[str, Any], *, real_input_1x1: str = "flop") -> Costs:
    """Costs of a network, counted on the meta device: at once for any size.

    Raises:
        ValueError: see `signbit.metrics.count_costs`; or the network cannot take an input of its size.
    """
    shape = input_shape(name, arguments)
    with torch.device("meta"):
        model = models.create(name, **arguments)
    images = torch.empty(1, *shape, dtype=torch.uint8, device="meta")
    try:
        return count_costs(model, images, real_input_1x1=real_input_1x1)
    except RuntimeError as error:
        size = "x".join(map(str, shape))
        raise ValueError(f"{name} cannot take an input of {size}: {error}") from error


def describe_binarizers() -> list[dict[str, Any]]:
    """Each binarizer with its first sentence and its source."""
    described = []
    for name in binarizers.names():
        module = import_named(binarizers.__name__, str(binarizers.__file__), name)
        described.append({"name": name, **_docstring(getattr(module, class_name(name)))})
    return described


def _docstring(documented: Any) -> dict[str, str]:
    text = inspect.getdoc(documented) or ""
    source = re.search(r"^Source:\n((?:[ ]{4}.*\n?)+)", text, re.MULTILINE)
    first = text.split("\n\n")[0].replace("\n", " ")
    return {"about": first, "source": " ".join(source.group(1).split()) if source else ""}
