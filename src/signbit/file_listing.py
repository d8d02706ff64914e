"""Find a method by the name of its file: adding one is adding a file, with nothing to register."""

import importlib
from collections.abc import Collection
from pathlib import Path
from types import ModuleType


def file_names(package_file: str, exclude: Collection[str] = ()) -> list[str]:
    """Names of the method files beside a package's `__init__.py`, sorted, without importing any of them."""
    found = (path.stem for path in Path(package_file).parent.glob("*.py"))
    return sorted(name for name in found if not name.startswith("_") and name not in exclude)


def import_named(package: str, package_file: str, name: str, exclude: Collection[str] = ()) -> ModuleType:
    """Import the file of that name.

    Raises:
        ValueError: there is no such file; the message lists those there are.
    """
    known = file_names(package_file, exclude)
    if name not in known:
        kind = package.rpartition(".")[2]
        raise ValueError(f"{kind}: no {name!r}; there are {', '.join(known)}")
    return importlib.import_module(f"{package}.{name}")


def class_name(name: str) -> str:
    """`approx_sign` -> `ApproxSign`, the class a file of that name holds."""
    return "".join(part.capitalize() for part in name.split("_"))
