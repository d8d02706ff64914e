"""The torch operators that the converter knows: one file each, found by its name.

``aten::relu`` is `relu.py`. A leading underscore is dropped, and any namespace but aten becomes a prefix:
``aten::_to_copy`` is `to_copy.py`, ``aten::__rshift__`` is `dunder_rshift.py`, ``signbit::sign`` is `signbit_sign.py`.
"""

from __future__ import annotations

from functools import cache

from signbit.convert.rule import Rule
from signbit.file_listing import class_name, file_names, import_named

__all__ = ["names", "rule_in", "rule_of"]


@cache
def names() -> list[str]:
    """Names of the files in this folder."""
    return file_names(__file__, ())


@cache
def rule_in(name: str) -> Rule:
    """The rule that a file holds.

    Raises:
        ValueError: there is no such file.
    """
    rule: Rule = getattr(import_named(__name__, __file__, name, ()), class_name(name))()
    return rule


def rule_of(operator: str) -> Rule | None:
    """The rule of an operator, such as ``aten::relu``; None where there is none."""
    namespace, _, short = operator.partition("::")
    if short.startswith("__"):
        short = f"dunder_{short.strip('_')}"
    name = short.lstrip("_") if namespace == "aten" else f"{namespace}_{short}"
    return rule_in(name) if name in names() and rule_in(name).operator == operator else None
