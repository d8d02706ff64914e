"""Which extra of the package brings which library, for the message when one is missing."""

from __future__ import annotations

import importlib.util

EXTRAS = {
    "train": ("torch", "lightning_fabric", "pydantic", "torchmetrics", "sklearn", "safetensors", "tomli"),
    "cli": ("typer", "rich", "PIL"),
    "hub": ("datasets",),
    "figures": ("matplotlib", "captum"),
}


def extra_of(library: str) -> str | None:
    """The extra that brings a library, given by the name it is imported by; None where no extra does."""
    package = library.partition(".")[0]
    return next((extra for extra, libraries in EXTRAS.items() if package in libraries), None)


def explain_missing(who: str, library: str) -> str:
    """One line that says what to install."""
    return f"{who} needs {library}; install it with: pip install 'signbit[{extra_of(library)}]'"


def need(library: str, who: str) -> None:
    """Stop an import early, with one line that names the extra, where a library is missing.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    try:
        found = importlib.util.find_spec(library) is not None
    except ValueError:  # present in sys.modules without a spec, or blocked there
        found = False
    if not found:
        raise ModuleNotFoundError(explain_missing(who, library), name=library)
