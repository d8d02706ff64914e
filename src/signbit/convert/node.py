"""What a node of a captured graph is called, for messages."""

from __future__ import annotations

from typing import Any

from torch import fx

_NO_MODULE = "_empty_nn_module_stack_from_metadata_hook"  # torch.export's own, for calls outside of any module


def operator_name(node: fx.Node) -> str:
    """The operator, as ``namespace::name`` without its overload."""
    schema = getattr(node.target, "_schema", None)
    return schema.name if schema is not None else str(getattr(node.target, "__name__", node.target))


def module_path(node: fx.Node) -> str:
    """The path of the module that holds a node's call, '' for the outermost."""
    path = str(_module(node)[0])
    return "" if path == _NO_MODULE else path.partition("@")[0]


def module_type(node: fx.Node) -> str:
    """The class of the module that holds a node's call, with its package."""
    kind = _module(node)[1]
    return kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def place(node: fx.Node) -> str:
    """The words that name a node in an error message."""
    path = module_path(node)
    return f"module '{path}' ({node.name})" if path else f"the outermost module ({node.name})"


def _module(node: fx.Node) -> tuple[Any, Any]:
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return stack[-1] if stack else ("", "")
