"""A network around one op, so that it can be run alone on arrays of our choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.convert.write import STEPS, ModelFile, Op, Tensor, to_bytes
from signbit.engine import Model, pack_bits, unpack_bits

SIZES = [1, 2, 31, 63, 64, 65, 127, 129, 511, 513]


def step(name: str, a: int, b: int = 0, c: int = 0) -> list[int]:
    return [STEPS[name], a, b, c]


def producer(i: int, tensor: Tensor) -> tuple[list[Tensor], list[Op]]:
    """Ops that write ``tensor`` as tensor ``i`` from the network's input; what they write does not matter."""
    signs = Tensor(f"signs of {tensor.name}", "bits", tensor.height, tensor.width, tensor.channels)
    if tensor.dtype == "int32":
        ones = pack_bits(np.ones((tensor.channels, 1, 1, tensor.channels), np.int8))
        make = Op("pointwise", "make", [0], [i], [], [0, 0])
        return [signs, tensor], [make, Op("binary_conv", "sum", [i], [i + 1], [ones], [1, 1, 1, 1, 0, 0, 1, 1, 1, 0])]
    return [tensor], [Op("pointwise", "make", [0], [i], [], [0, 0])]


def one_op(
    kind: str,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    constants: Sequence[NDArray[Any]] = (),
    attributes: Sequence[int] = (),
) -> ModelFile:
    """The model file; the op is the last but one, and a pointwise op that copies the input follows."""
    first = inputs[0]
    if first.dtype == "uint8":
        tensors, ops, reads = [first], [], [0]
    else:
        tensors, ops, reads = [Tensor("input", "float32", first.height, first.width, first.channels)], [], []
    for tensor in inputs if first.dtype != "uint8" else []:
        if (tensor.height, tensor.width, tensor.channels) != (first.height, first.width, first.channels):
            raise ValueError("inputs of one shape only")
        more, made = producer(len(tensors), tensor)
        tensors += more
        ops += made
        reads.append(len(tensors) - 1)
    writes = list(range(len(tensors), len(tensors) + len(outputs)))
    tensors += outputs
    ops.append(Op(kind, f"the {kind}", reads, writes, constants, list(attributes)))
    tensors.append(Tensor("output", "float32", first.height, first.width, first.channels))
    ops.append(Op("pointwise", "copy", [0], [len(tensors) - 1], [], [0, 0]))
    return ModelFile(tensors, ops, 0, len(tensors) - 1)


def run_op(model: ModelFile, inputs: Sequence[NDArray[Any]], isa: str, threads: int = 1) -> list[NDArray[Any]]:
    session = Model.from_bytes(to_bytes(model)).session(isa=isa, threads=threads)
    return session.run_op(len(model.ops) - 2, inputs)


def random_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    return (1 - 2 * rng.integers(0, 2, shape)).astype(np.int8)


def packed_mask(mask: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """A word's bit is set where the mask is true."""
    return pack_bits(np.where(mask, -1, 1))


def assert_bits(words: NDArray[np.uint64], plus: NDArray[np.bool_]) -> None:
    """The words hold +1 where ``plus``, and nothing past the last channel."""
    np.testing.assert_array_equal(unpack_bits(words, plus.shape[-1]), np.where(plus, 1, -1))
    np.testing.assert_array_equal(words, packed_mask(~plus))
