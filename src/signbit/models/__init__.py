"""Models: one file a family: its block, its network, its named sizes.

A file with `SIZES`, a mapping from name to size, holds a function of the file's name that takes a size, a `Plan` and,
by keyword, what is particular to the family; `DEFAULTS` may state other defaults of the plan. A file without `SIZES`
holds one network: a function of its name that takes keywords only. A family that never has binary layers sets
`REAL_VALUED = True`; a family that can be built without them takes an argument `binary`.
"""

from signbit.extras import need

need("torch", __name__)

import functools
import inspect
from collections.abc import Mapping
from dataclasses import fields
from types import ModuleType
from typing import Any

from torch import nn

from signbit.file_listing import file_names, import_named
from signbit.models.parts.plan import Plan

__all__ = ["Plan", "create", "create_model", "family_of", "list_models", "names", "parameters"]


@functools.cache
def _families() -> dict[str, ModuleType]:
    """The family of each name, in the order of the files."""
    found: dict[str, ModuleType] = {}
    for family in file_names(__file__):
        module = import_named(__name__, __file__, family)
        for name in getattr(module, "SIZES", (family,)):
            if name in found:
                raise ValueError(f"{found[name].__name__} and {module.__name__} both have a model {name!r}; rename one")
            found[name] = module
    return found


def names() -> list[str]:
    """Names of the models, family after family."""
    return list(_families())


def family_of(name: str) -> ModuleType:
    """The file that a model stands in.

    Raises:
        ValueError: there is no such model; the message lists those there are.
    """
    families = _families()
    if name not in families:
        raise ValueError(f"models: no {name!r}; there are {', '.join(families)}")
    return families[name]


def family_function(name: str) -> Any:
    """The function of that model's file, whose docstring describes it."""
    family = family_of(name)
    return getattr(family, family.__name__.rpartition(".")[2])


def parameters(name: str) -> dict[str, Any]:
    """Keyword arguments of a model with their defaults.

    Raises:
        ValueError: there is no such model.
    """
    family = family_of(name)
    planned = {field.name: field.default for field in fields(Plan)} if hasattr(family, "SIZES") else {}
    own = inspect.signature(family_function(name)).parameters.values()
    return planned | getattr(family, "DEFAULTS", {}) | {p.name: p.default for p in own if p.kind is p.KEYWORD_ONLY}


def is_real_valued(name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a model is real-valued on purpose: its family always is, or its argument `binary` is not True.

    Raises:
        ValueError: there is no such model.
    """
    family: bool = getattr(family_of(name), "REAL_VALUED", False)
    return family or not (parameters(name) | dict(arguments)).get("binary", True)


def create(name: str, **arguments: Any) -> nn.Module:
    """Build the model of that name; it takes uint8 pixels (N, C, H, W) and returns logits (N, classes).

    Raises:
        ValueError: there is no such model (the message lists those there are), or an argument is outside its range.
        TypeError: there is no such argument.
    """
    known = parameters(name)
    for argument in arguments:
        if argument not in known:
            raise TypeError(f"{name} has no argument {argument!r}; there are {', '.join(known)}")
    family, build = family_of(name), family_function(name)
    if hasattr(family, "SIZES"):
        given = getattr(family, "DEFAULTS", {}) | arguments
        plan = Plan(**{field.name: given.pop(field.name) for field in fields(Plan) if field.name in given})
        model = plan.initialise(build(family.SIZES[name], plan, **given))
    else:
        model = build(**arguments)
    assert isinstance(model, nn.Module)
    return model


create_model, list_models = create, names
"""The names that timm has made customary."""
