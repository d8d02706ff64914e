"""A network around one op, so that it can be run alone on arrays of our choice, and held against its reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from signbit.engine import Model, pack_bits, unpack_bits
from signbit.modelfile import ModelFile, Op, Tensor, ops, to_bytes
from signbit.modelfile.ops import Record
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.window import Window

Array = NDArray[Any]

SIZES = [1, 2, 31, 63, 64, 65, 127, 129, 511, 513]
# Of an image of 7 x 6 pixels.
WINDOWS = [
    Window((1, 1)),
    Window((3, 3), padding=(1, 1)),
    Window((3, 3), stride=(2, 2), padding=(1, 1)),
    Window((3, 2), stride=(1, 2), padding=(2, 1)),
    Window((3, 3), padding=(2, 2), dilation=(2, 2)),
    Window((2, 3), stride=(2, 1), padding=(0, 3), dilation=(3, 2)),
    Window((1, 1), stride=(2, 2)),
    Window((5, 5), stride=(3, 3), padding=(4, 4)),
    Window((7, 6)),
]


@dataclass(frozen=True, eq=False)
class RawOp(Op):
    """Any record, also one that no op may have."""

    kind: ClassVar[str] = "raw"
    code: ClassVar[int] = 0

    given: Record

    def encode(self) -> tuple[list[Array], list[int]]:
        return list(self.given.constants), list(self.given.attributes)

    def record(self) -> Record:
        return replace(self.given, inputs=self.inputs, outputs=self.outputs)

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> RawOp:
        return cls(*record.ends, record)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        raise NotImplementedError

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        raise NotImplementedError


def raw(record: Record) -> RawOp:
    """An op that writes that record."""
    return RawOp.decode(record, [], [])


def convert(name: str, source: int, target: int) -> Pointwise:
    """The tensor in the type of the target: floats, or their signs."""
    return Pointwise(name, (source,), (target,), (), (), (0,))


def producer(i: int, tensor: Tensor) -> tuple[list[Tensor], list[Op]]:
    """Ops that write ``tensor`` as tensor ``i`` from the network's input; what they write does not matter."""
    if tensor.dtype != "int32":
        return [tensor], [convert("make", 0, i)]
    signs = replace(tensor, name=f"signs of {tensor.name}", dtype="bits")
    ones = pack_bits(np.ones((tensor.channels, 1, 1, tensor.channels), np.int8))
    return [signs, tensor], [convert("make", 0, i), BinaryConv("sum", (i,), (i + 1,), ones, Window((1, 1)))]


def one_op(op: Op, given: Sequence[Tensor]) -> ModelFile:
    """The model file; the op is the last but one, and a pointwise op that copies the input follows.

    Args:
        op: its inputs and outputs are indices into ``given``.
        given: its inputs, of one shape, then its outputs.
    """
    inputs, outputs = given[: len(op.inputs)], given[len(op.inputs) :]
    first = inputs[0]
    if first.dtype == "uint8":
        tensors, made, reads = [first], [], [0]
    else:
        tensors, made, reads = [replace(first, name="input", dtype="float32")], [], []
        for tensor in inputs:
            more, makers = producer(len(tensors), tensor)
            tensors += more
            made += makers
            reads.append(len(tensors) - 1)
    writes = range(len(tensors), len(tensors) + len(outputs))
    tensors += [*outputs, replace(first, name="output", dtype="float32")]
    moved = replace(op, inputs=tuple(reads), outputs=tuple(writes))
    return ModelFile(tensors, [*made, moved, convert("copy", 0, len(tensors) - 1)], 0, len(tensors) - 1)


def run_op(model: ModelFile, arrays: Sequence[Array], isa: str, threads: int = 1) -> list[Array]:
    """The outputs of the op of ``one_op``, by the engine; signs as they are, not packed."""
    op = model.ops[-2]
    given = [
        pack_bits(array) if tensor.dtype == "bits" else array
        for array, tensor in zip(arrays, model.inputs_of(op), strict=True)
    ]
    session = Model.from_bytes(to_bytes(model)).session(isa=isa, threads=threads)
    outputs = session.run_op(len(model.ops) - 2, given)
    return [
        unpacked(output, tensor.channels) if tensor.dtype == "bits" else output
        for output, tensor in zip(outputs, model.outputs_of(op), strict=True)
    ]


def check_op(op: Op, given: Sequence[Tensor], arrays: Sequence[Array], isa: str, threads: Sequence[int] = (1,)) -> None:
    """The op outlives a file, its shapes are those that the engine takes, and the engine gives its reference's bits."""
    model = one_op(op, given)
    moved = model.ops[-2]
    assert_same_record(ops.decode(moved.record(), model.tensors), moved)
    expected = moved.reference(arrays, model.outputs_of(moved))
    for count in threads:
        for output, wanted in zip(run_op(model, arrays, isa, count), expected, strict=True):
            assert_same(output, wanted)


def assert_same_record(one: Op, other: Op) -> None:
    """Both write the same."""
    assert type(one) is type(other)
    record, wanted = one.record(), other.record()
    assert replace(record, constants=()) == replace(wanted, constants=())
    for constant, known in zip(record.constants, wanted.constants, strict=True):
        assert (constant.dtype, constant.shape) == (known.dtype, known.shape)
        assert constant.tobytes() == known.tobytes()


def assert_same(array: Array, wanted: Array) -> None:
    """Of one type and shape and equal; floats to the sign of a zero, but a NaN is a NaN."""
    assert (array.dtype, array.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(array, wanted)
    if array.dtype == np.float32:
        assert (np.isnan(wanted) | (np.signbit(array) == np.signbit(wanted))).all()


def random_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    return (1 - 2 * rng.integers(0, 2, shape)).astype(np.int8)


def awkward_floats(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Normal numbers of many sizes, and among them zeros of both signs, denormals, infinities and NaN."""
    x = (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape)).astype(np.float32)
    special = np.float32([0.0, -0.0, 1e-45, -1e-45, 1e-39, math.inf, -math.inf, math.nan, 3e38, -3e38])
    chosen = rng.random(shape) < 0.1
    x[chosen] = rng.choice(special, int(chosen.sum()))
    return x


def random_values(rng: np.random.Generator, tensor: Tensor, images: int = 2) -> Array:
    """Images for a tensor, whatever its type; signs as they are."""
    shape = (images, *tensor.shape)
    if tensor.dtype == "float32":
        return awkward_floats(rng, shape)
    if tensor.dtype == "bits":
        return random_signs(rng, shape)
    least, most = (0, 256) if tensor.dtype == "uint8" else (1 - 2**24, 2**24)
    return rng.integers(least, most, shape).astype(tensor.dtype)


def unpacked(words: NDArray[np.uint64], channels: int) -> NDArray[np.int8]:
    """The signs; nothing may be set past the last channel."""
    signs = unpack_bits(words, channels)
    np.testing.assert_array_equal(words, pack_bits(signs))
    return signs
