"""The op select: Python's definition, the engine on every instruction set, and what both refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from signbit.engine import Model, ModelFileError, supported_isas
from signbit.modelfile import ModelFile, Tensor, ops, to_bytes
from signbit.modelfile.bits import pack_signs, unpack_signs
from signbit.modelfile.ops import Record
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.select import Select
from signbit.modelfile.ops.window import Window
from signbit.modelfile.ranges import Range

CHANNELS = [1, 2, 31, 63, 64, 65, 127, 129, 513]
TYPES = ["int32", "float32", "bits"]
HEIGHT, WIDTH, IMAGES = 2, 3, 2


def image(dtype: str, channels: int) -> Tensor:
    return Tensor(dtype, dtype, HEIGHT, WIDTH, channels)


def network(dtype: str, channels: int, index: NDArray[np.int32]) -> ModelFile:
    """The op is the last but one; what is before it only gives its input the type."""
    outputs = len(index)
    first: ops.Op = Pointwise("make", (0,), (1,), (), (), (0,))
    if dtype == "int32":
        weights = np.ones((channels, 1, 1, channels), np.int8)
        first = IntegerConv("make", (0,), (1,), weights, Window((1, 1)))
    tensors = [image("uint8", channels), image(dtype, channels), image(dtype, outputs), image("float32", outputs)]
    last = Pointwise("read", (2,), (3,), (), (), (0,))
    return ModelFile(tensors, [first, Select("select", (1,), (2,), index), last], 0, 3)


def values(rng: np.random.Generator, dtype: str, channels: int) -> NDArray[Any]:
    shape = (IMAGES, HEIGHT, WIDTH, channels)
    if dtype == "bits":
        return (1 - 2 * rng.integers(0, 2, shape)).astype(np.int8)
    integers = rng.integers(-(2**31), 2**31, shape).astype(np.int32)
    if dtype == "int32":
        return integers
    floats = rng.standard_normal(shape).astype(np.float32)
    special = np.array([0.0, -0.0, 1e-45, np.inf, -np.inf, np.nan], np.float32)
    return np.where(rng.random(shape) < 0.2, rng.choice(special, shape), floats)


def bytes_of(array: NDArray[Any]) -> bytes:
    """NaN and -0.0 count as they are."""
    return array.tobytes()


def indices(rng: np.random.Generator, channels: int) -> dict[str, NDArray[np.int32]]:
    all_of_them = np.arange(channels)
    spread = rng.integers(-1, channels, 200)
    given = {
        "all": all_of_them,
        "flip": all_of_them[::-1],
        "last": [channels - 1],
        "zero": [-1],
        "slice": all_of_them[channels // 3 :],
        "shuffle": np.argsort(np.arange(channels) % 2, kind="stable"),
        "pad": np.concatenate([np.full(3, -1), all_of_them, np.full(66, -1)]),
        "repeat": np.repeat(all_of_them, 2),
        "random": spread,
    }
    return {name: np.asarray(index, np.int32) for name, index in given.items()}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_the_engine_gives_the_reference_on_every_instruction_set(dtype: str, channels: int) -> None:
    rng = np.random.default_rng(channels)
    for name, index in indices(rng, channels).items():
        model, given = network(dtype, channels, index), values(rng, dtype, channels)
        op = model.ops[1]
        (expected,) = op.reference([given], [model.tensors[2]])
        loop = np.stack([np.zeros_like(given[..., 0]) if i < 0 else given[..., i] for i in index], -1)
        if dtype == "bits":
            loop[..., index < 0] = 1
        assert bytes_of(expected) == bytes_of(loop), name
        engine_input = pack_signs(given) if dtype == "bits" else given
        for isa in supported_isas():
            session = Model.from_bytes(to_bytes(model)).session(isa=isa)
            (made,) = session.run_op(1, [engine_input])
            if dtype == "bits":
                np.testing.assert_array_equal(made, pack_signs(expected), f"{name}, {isa}")  # unused bits are zero
                made = unpack_signs(made, len(index))
            assert bytes_of(made) == bytes_of(expected), f"{name}, {isa}"


def test_ranges_follow_their_channels() -> None:
    op = Select("s", (0,), (1,), np.array([2, -1, 0, 2], np.int32))
    given = Range(np.array([-1, -2, -3]), np.array([10, 20, 30]))
    (made,) = op.output_ranges([given], [image("int32", 3)])
    np.testing.assert_array_equal(made.least, [-3, 0, -1, -3])
    np.testing.assert_array_equal(made.most, [30, 0, 10, 30])
    (one,) = op.output_ranges([Range(np.array([-5]), np.array([7]))], [image("int32", 3)])
    np.testing.assert_array_equal(one.least, [-5, 0, -5, -5])
    (signs,) = op.output_ranges([Range(np.array([-1]), np.array([1]))], [image("bits", 3)])
    np.testing.assert_array_equal(signs.least, [-1, 1, -1, -1])


def test_a_record_comes_back() -> None:
    index = np.array([1, -1, 0], np.int32)
    record = Select("s", (0,), (1,), index).record()
    op = ops.decode(record, [image("bits", 2), image("bits", 3)])
    assert ops.of_code(10) is Select
    assert isinstance(op, Select)
    assert op.exact
    np.testing.assert_array_equal(op.index, index)
    assert op.describe() == "1 of 3 channels are zero"


REFUSED: dict[str, tuple[list[Tensor], list[NDArray[Any]], list[int]]] = {
    "below -1": ([image("int32", 2), image("int32", 1)], [np.array([-2], np.int32)], []),
    "past the last": ([image("int32", 2), image("int32", 1)], [np.array([2], np.int32)], []),
    "too short": ([image("int32", 2), image("int32", 2)], [np.array([0], np.int32)], []),
    "too long": ([image("int32", 2), image("int32", 1)], [np.array([0, 1], np.int32)], []),
    "floats": ([image("int32", 2), image("int32", 1)], [np.array([0], np.float32)], []),
    "no constant": ([image("int32", 2), image("int32", 1)], [], []),
    "two constants": ([image("int32", 2), image("int32", 1)], [np.zeros(1, np.int32)] * 2, []),
    "an attribute": ([image("int32", 2), image("int32", 1)], [np.zeros(1, np.int32)], [0]),
    "pixels": ([image("uint8", 2), image("uint8", 1)], [np.zeros(1, np.int32)], []),
    "another type": ([image("int32", 2), image("bits", 1)], [np.zeros(1, np.int32)], []),
    "another height": ([image("int32", 2), Tensor("y", "int32", 1, 3, 1)], [np.zeros(1, np.int32)], []),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    tensors, constants, attributes = REFUSED[case]
    with pytest.raises(ValueError, match="op 's'"):
        ops.decode(Record("select", "s", [0], [1], constants, attributes), tensors)


@pytest.mark.parametrize(
    ("index", "message"), [([-2], "-2 of 2"), ([2], "2 of 2"), ([0, 2**31 - 1], "2147483647 of 2")]
)
def test_the_engine_refuses_an_index_that_is_no_channel(index: list[int], message: str) -> None:
    content = to_bytes(network("float32", 2, np.array(index, np.int32)))
    with pytest.raises(ModelFileError, match=message) as caught:
        Model.from_bytes(content)
    assert caught.value.kind == "op"
