"""Compare a model file with a new conversion of the module, op by op, without any image."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import numpy as np

from signbit.modelfile import ModelFile, Op
from signbit.modelfile.ops.op import Array


def structure(model: ModelFile) -> tuple[object, ...]:
    """What the ops are, and what they read and write; not what they hold."""
    tensors = [(tensor.dtype, tensor.shape) for tensor in model.tensors]
    ops = [(op.kind, tuple(op.inputs), tuple(op.outputs)) for op in model.ops]
    return tensors, ops, model.input, model.output


def differences(wanted: ModelFile, given: ModelFile) -> Iterator[str]:
    """Messages about every difference between a file and the conversion of the module.

    Names of tensors and ops do not affect the result and are not compared; nor is the metadata.
    """
    yield from _edges(wanted, given)
    for index, (one, other) in enumerate(zip_longest(wanted.ops, given.ops)):
        yield from _op(index, one, other)
    if list(given.labels) != list(wanted.labels):
        yield f"class names: {_labels(wanted, given)}"
    if given.preprocessing != wanted.preprocessing:
        yield f"preprocessing: the file has {given.preprocessing}, the checkpoint {wanted.preprocessing}"


def _edges(wanted: ModelFile, given: ModelFile) -> Iterator[str]:
    for index, (one, other) in enumerate(zip_longest(wanted.tensors, given.tensors)):
        mine, theirs = (None if tensor is None else str(tensor) for tensor in (one, other))
        if mine != theirs:
            yield f"tensor {index}: the file has {theirs or 'none'}, the module gives {mine or 'none'}"
    if (wanted.input, wanted.output) != (given.input, given.output):
        yield (
            f"input and output: the file has the tensors {given.input} and {given.output}, the module gives "
            f"{wanted.input} and {wanted.output}"
        )


def _op(index: int, wanted: Op | None, given: Op | None) -> Iterator[str]:
    if wanted is None or given is None:
        kinds = [None if op is None else op.kind for op in (given, wanted)]
        yield f"op {index}: the file has {kinds[0] or 'none'}, the module gives {kinds[1] or 'none'}"
        return
    what = f"op {index} ({given.kind} {given.name})"
    if given.kind != wanted.kind:
        yield f"{what}: the module gives {wanted.kind}"
        return
    if (tuple(given.inputs), tuple(given.outputs)) != (tuple(wanted.inputs), tuple(wanted.outputs)):
        yield (
            f"{what}: it reads {list(given.inputs)} and writes {list(given.outputs)}; the module gives "
            f"{list(wanted.inputs)} and {list(wanted.outputs)}"
        )
    constants, attributes = given.encode()
    wanted_constants, wanted_attributes = wanted.encode()
    if attributes != wanted_attributes:
        yield f"{what}: its attributes are {attributes}; the module gives {wanted_attributes}"
    for position, (one, other) in enumerate(zip_longest(wanted_constants, constants)):
        yield from _constant(f"{what}: constant {position}", one, other)


def _constant(what: str, wanted: Array | None, given: Array | None) -> Iterator[str]:
    if wanted is None or given is None or (wanted.dtype, wanted.size) != (given.dtype, given.size):
        sizes = ["none" if array is None else f"{array.size} of {array.dtype}" for array in (given, wanted)]
        yield f"{what} is {sizes[0]}; the module gives {sizes[1]}"
        return
    one, other = (np.ascontiguousarray(array).reshape(-1) for array in (wanted, given))
    bytes_each = one.dtype.itemsize
    unequal = (one.view(np.uint8) != other.view(np.uint8)).reshape(-1, bytes_each).any(1)  # -0.0 is not 0.0
    if unequal.any():
        first = int(np.argmax(unequal))
        yield (
            f"{what}: {int(unequal.sum())} of {one.size} elements differ from what the module gives, the first at "
            f"{first}: {other[first]} instead of {one[first]}"
        )


def _labels(wanted: ModelFile, given: ModelFile) -> str:
    if len(given.labels) != len(wanted.labels):
        return f"the file has {len(given.labels)}, the checkpoint {len(wanted.labels)}"
    pairs = enumerate(zip(wanted.labels, given.labels, strict=True))
    index, (mine, theirs) = next((index, pair) for index, pair in pairs if pair[0] != pair[1])
    return f"class {index} is {theirs!r} in the file and {mine!r} in the checkpoint"
