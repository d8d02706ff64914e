"""What there is to choose from, described by its own docstrings."""

from __future__ import annotations

import inspect
import re
from typing import Any

import torch

from signbit import binarizers, models
from signbit.file_listing import class_name, import_named


def describe_models() -> list[dict[str, Any]]:
    """Each network with its first sentence, its parameters as it is built by default, and its source."""
    described = []
    for name in models.names():
        with torch.device("meta"):
            parameters = sum(parameter.numel() for parameter in models.create(name).parameters())
        described.append({"name": name, "parameters": parameters, **_docstring(models.family_function(name))})
    return described


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
