"""The kinds of op: one file each, found by name. `op.py` is the contract."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from signbit.file_listing import class_name, file_names, import_named
from signbit.modelfile.ops.op import Op, Record
from signbit.modelfile.tensor import Tensor

__all__ = ["Op", "Record", "decode", "names", "of_code", "of_kind"]

_EXCLUDE = ("op", "thresholds", "window")


def names() -> list[str]:
    """Names of the kinds, which are the names of the files in this folder."""
    return file_names(__file__, _EXCLUDE)


@cache
def of_kind(name: str) -> type[Op]:
    """The class of a kind.

    Raises:
        ValueError: there is no such kind; the message lists the kinds.
    """
    found: type[Op] = getattr(import_named(__name__, __file__, name, _EXCLUDE), class_name(name))
    return found


def of_code(code: int) -> type[Op]:
    """The class of the kind with this code.

    Raises:
        ValueError: no kind has this code.
    """
    if code not in _by_code():
        raise ValueError(f"no op has the code {code}; there are {', '.join(map(str, sorted(_by_code())))}")
    return _by_code()[code]


@cache
def _by_code() -> dict[int, type[Op]]:
    return {of_kind(name).code: of_kind(name) for name in names()}


def decode(record: Record, tensors: Sequence[Tensor]) -> Op:
    """The op of a record, checked against its table in docs/file-format.md.

    Args:
        record: the record; its constants may be flat.
        tensors: all tensors of the file.

    Raises:
        ValueError: the kind is unknown, or the record or its tensors are wrong for it; the message names the op.
    """
    inputs, outputs = ([tensors[index] for index in indices] for indices in (record.inputs, record.outputs))
    try:
        op = of_kind(record.kind).decode(record, inputs, outputs)
        op.check(inputs, outputs)
    except ValueError as error:
        raise ValueError(f"op {record.name!r} ({record.kind}): {error}") from error
    return op
