"""Recipes as text: reading TOML, writing it, `--set` overrides, and errors that name the key and the choices."""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from signbit.errors import RecipeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path) -> dict[str, Any]:
    """Values of a TOML file.

    Raises:
        RecipeError: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: {error}") from error


def apply_overrides(recipe: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """A copy of the recipe's values with texts such as `model.width=0.25` or `stages.0.epochs=2` applied.

    A value is read as TOML, and as plain text where it is not TOML. A recipe without stages has one, stages.0, and
    `stages.*.epochs=2` is said of every stage.

    Raises:
        RecipeError: a text is not `key=value`, or its key leads through a plain value or past the end of a list.
    """
    changed: dict[str, Any] = json.loads(json.dumps(recipe))
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"--set {override}: give key=value, such as train.epochs=5")
        changed.setdefault("stages", [{}])
        _set(changed, key.strip().split("."), plain_value(text.strip()), override)
    return changed


def plain_value(text: str) -> Any:
    """A text read as TOML, or itself where it is not TOML."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _set(place: Any, key: list[str], value: Any, override: str) -> None:
    *path, last = key
    for depth, step in enumerate(path):
        if step == "*" and isinstance(place, list):
            for item in place:
                _set(item, key[depth + 1 :], value, override)
            return
        if isinstance(place, dict):
            place = place.setdefault(step, {})
        elif isinstance(place, list):
            place = place[_index(place, step, override)]
        if isinstance(place, str) and step in ("optimizer", "loss", "schedule"):
            raise RecipeError(f'--set {override}: {step} is {place!r}; set {step}={{name="{place}", {last}=...}}')
    if isinstance(place, list):
        for index in range(len(place)) if last == "*" else [_index(place, last, override)]:
            place[index] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise RecipeError(f"--set {override}: {'.'.join(path)} is the value {place!r}, which has no keys")


def _index(place: list[Any], step: str, override: str) -> int:
    if not step.isdigit() or int(step) >= len(place):
        raise RecipeError(f"--set {override}: {step!r} is no index of a list of {len(place)}; they start at 0")
    return int(step)


def explain(error: ValidationError, model: type[BaseModel], origin: str) -> str:
    """One line for each fault: file, key, what is wrong, what is allowed."""
    lines = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"])
        place = f"{origin}: {key}" if key else origin
        if fault["type"] == "extra_forbidden":
            choices = ", ".join(_fields_at(model, fault["loc"][:-1]))
            lines.append(f"{place}: unknown key; there are {choices}")
        elif fault["type"] == "missing":
            lines.append(f"{place}: missing; it has no default")
        else:
            message = fault["msg"].removeprefix("Value error, ")
            given = "" if isinstance(fault["input"], (dict, list)) else f" (given: {fault['input']!r})"
            lines.append(f"{place}: {message}{given}")
    return "\n".join(lines)


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the section at a path of keys and indices."""
    for step in path:
        if isinstance(step, str) and step in model.model_fields:
            model = _section_in(model.model_fields[step].annotation) or model
    return list(model.model_fields)


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds: itself, or in a list, a table or beside None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _section_in(each))), None)


def to_toml(recipe: BaseModel) -> str:
    """The recipe as TOML, every default written out."""
    values = recipe.model_dump(exclude_none=True)
    tables = []
    for name, section in values.items():
        if isinstance(section, list):
            tables += [_table(f"[[{name}]]", item) for item in section]
        else:
            tables.append(_table(f"[{name}]", section))
    return "\n".join(tables)


def _table(header: str, section: dict[str, Any]) -> str:
    return "\n".join([header, *(f"{key} = {_toml(value)}" for key, value in section.items()), ""])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)  # text, booleans and integers are written alike in JSON and TOML


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)
