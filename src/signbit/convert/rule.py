"""The contract of `lower/`: how one torch operator becomes engine ops, and which arguments are supported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, fx

from signbit.convert.node import operator_name, place
from signbit.convert.value import Value
from signbit.errors import ConvertError

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering

Result = Value | list[Value | None]


class Refused(Exception):
    """An operator or an argument that cannot be converted; the message says why and what to do, but not where."""


class BatchSize(int):
    """A number that depends on the batch size, with the value it has for `BATCH` images."""


BATCH = 2  # images that rearrangements are tried on


class Call:
    """One node with its arguments by name.

    An argument that depends on the image is a `Value`; any other is what torch was given: a tensor, a number, a list.
    """

    def __init__(self, node: fx.Node, lowering: Lowering) -> None:
        self.node, self.lowering = node, lowering
        self._schema = node.target._schema  # type: ignore[union-attr]
        given = dict(zip((argument.name for argument in self._schema.arguments), node.args, strict=False))
        given.update(node.kwargs)
        self._given = {name: fx.node.map_arg(value, lowering.known) for name, value in given.items()}
        self.nodes = {name: value for name, value in given.items() if isinstance(self._given[name], Value)}
        """The nodes of the arguments that are values themselves, not lists of them."""

    def __getitem__(self, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        return next(argument.default_value for argument in self._schema.arguments if argument.name == name)

    def __contains__(self, name: str) -> bool:
        return any(argument.name == name for argument in self._schema.arguments)

    @property
    def operator(self) -> str:
        """The operator with its namespace."""
        return operator_name(self.node)

    @property
    def arguments(self) -> dict[str, Any]:
        """Every argument that was given, by name."""
        return dict(self._given)

    @property
    def changed(self) -> dict[str, Any]:
        """The arguments whose value is not their default."""
        defaults = {a.name: a.default_value for a in self._schema.arguments if a.has_default_value()}
        return {
            name: value
            for name, value in self._given.items()
            if name not in defaults or not _same(value, defaults[name])
        }

    def value(self, name: str) -> Value:
        """An argument that depends on the image.

        Raises:
            Refused: it does not.
        """
        found = self[name]
        if not isinstance(found, Value):
            raise Refused(f"its {name} does not depend on the image; compute it when the module is built")
        return found

    def constant(self, name: str) -> Tensor | None:
        """A tensor that does not depend on the image, or None where it was not given.

        Raises:
            Refused: it depends on the image.
        """
        found = self[name]
        if isinstance(found, Value):
            raise Refused(f"its {name} depends on the image; it must be a parameter or a constant")
        return None if found is None else torch.as_tensor(found).detach()

    @property
    def axes(self) -> tuple[int, ...]:
        """The shape of the node's value without the batch."""
        return tuple(int(size) for size in self._first.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """Of the node's value."""
        return self._first.dtype

    @property
    def _first(self) -> Tensor:
        """The node's first result, as torch.export noted it."""
        found = self.node.meta["val"]
        return found if isinstance(found, Tensor) else found[0]


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, (Value, Tensor)) or isinstance(default, Tensor):
        return value is default
    as_list = [list(each) if isinstance(each, (list, tuple)) else each for each in (value, default)]
    return type(as_list[0]) is type(as_list[1]) and as_list[0] == as_list[1]


class Rule(ABC):
    """One torch operator. A subclass is final and lives in the file of `lower/` that has the operator's name.

    Attributes:
        operator: the operator's name with its namespace, such as ``aten::relu``.
        arguments: supported arguments, each with the values allowed; every other argument must have its default.
        exact: whether the engine's result equals torch's, bit for bit.
        words: what the operator becomes, for `docs/what-converts.md`.
    """

    operator: ClassVar[str]
    arguments: ClassVar[Mapping[str, str]]
    exact: ClassVar[bool] = True
    words: ClassVar[str]
    batch_size_arguments: ClassVar[frozenset[str]] = frozenset()
    """Arguments that may contain the number of images: shapes, whose effect the node's own shape shows."""

    def check(self, call: Call) -> None:
        """Refuse arguments that are not supported.

        Raises:
            Refused: an argument has another value than its default and is not one of ``arguments``.
        """
        self.refuse_batch_size(call)
        for name, value in call.changed.items():
            if name not in self.arguments:
                accepted = ", ".join(self.arguments)
                raise Refused(
                    f"{call.operator} with {name}={_show(value)} is not supported; the supported arguments are "
                    f"{accepted}"
                )

    def refuse_batch_size(self, call: Call) -> None:
        """Refuse the number of images in any argument but those that may contain it.

        Raises:
            Refused: it is in another one, alone or in a list.
        """
        for name, value in call.arguments.items():
            parts = value if isinstance(value, (list, tuple)) else [value]
            if name not in self.batch_size_arguments and any(isinstance(part, BatchSize) for part in parts):
                raise Refused(f"{call.operator} uses the number of images; each image must be computed on its own")

    @abstractmethod
    def lower(self, call: Call, lowering: Lowering) -> Result:
        """The node's value; a list if it gives several tensors, with None for those the engine does not compute.

        Raises:
            Refused: it cannot be converted.
        """


def _show(value: Any) -> str:
    return "a tensor that depends on the image" if isinstance(value, Value) else repr(value)


def located(refused: Refused, node: fx.Node) -> ConvertError:
    """The error that a user sees: where, why, and what to do."""
    return ConvertError(f"{place(node)}: {refused}")
