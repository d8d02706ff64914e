"""Binarizers: one file a method. `base.py` is the contract."""

from signbit.extras import need

need("torch", __name__)

from typing import Any

from signbit.binarizers.base import Binarizer
from signbit.file_listing import class_name, file_names, import_named

__all__ = ["Binarizer", "create", "names"]

_EXCLUDE = ("base",)


def names() -> list[str]:
    """Names of the methods, which are the names of the files in this folder."""
    return file_names(__file__, _EXCLUDE)


def create(name: str, **arguments: Any) -> Binarizer:
    """Build the binarizer of that name.

    Raises:
        ValueError: there is no such method; the message lists those there are.
    """
    binarizer = getattr(import_named(__name__, __file__, name, _EXCLUDE), class_name(name))(**arguments)
    assert isinstance(binarizer, Binarizer)
    return binarizer
