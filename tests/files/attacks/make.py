"""Write the attacks that were made by hand; a file that exists is left as it is.

The name of a file begins with what it meets: a kind of error when it is loaded, ``session_`` and a kind when a session
of 16 MB is made of it, or ``loads``.

    python tests/files/attacks/make.py
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from signbit.modelfile import ModelFile, Tensor, ops, to_bytes
from signbit.modelfile.ops import Record
from signbit.modelfile.ops.select import Select

HERE = Path(__file__).parent
PLAIN = [1, 1, 1, 1, 0, 0, 1, 1]  # kernel, stride, padding, dilation of a 1x1 window


def vector(channels: int, dtype: str = "float32", name: str = "x") -> Tensor:
    return Tensor(name, dtype, 1, 1, channels)


def network(
    tensors: Sequence[Tensor], records: Sequence[Record], input: int, output: int, labels: Sequence[str] = ()
) -> ModelFile:
    return ModelFile(tensors, [ops.decode(record, tensors) for record in records], input, output, labels)


def copies(tensor: Tensor, count: int) -> ModelFile:
    """The same tensor again and again."""
    records = [Record("pointwise", "copy", [i], [i + 1], [], [0, 0]) for i in range(count)]
    return network([tensor] * (count + 1), records, 0, count)


def one_number_for_2_20_channels() -> ModelFile:
    """256 constants of one number, once spread over all channels: 1 GB from 2 KB."""
    constants = [np.ones(1, np.float32)]
    wide = Tensor("x", "float32", 1, 1, 2**20)
    return network([wide, wide], [Record("pointwise", "spread", [0], [1], constants * 256, [0, 0])], 0, 1)


def tensors_of_4_gb() -> ModelFile:
    """Four tensors of 2^28 floats, of which a session holds two."""
    return copies(Tensor("x", "float32", 2**14, 2**14, 1), 3)


def weights_that_100_ops_share() -> ModelFile:
    """8 KB of weights, packed by each op for 16 outputs of which 15 are not there."""
    weights = np.ones(8192, np.int8)
    tensors = [vector(8192, "uint8"), *[vector(1, "int32")] * 100]
    records = [Record("integer_conv", "dense", [0], [i + 1], [weights], PLAIN) for i in range(100)]
    return network(tensors, records, 0, 100)


def a_border_of_961_kinds() -> ModelFile:
    """A kernel of 16x16 under which no two pixels of the border have the same taps."""
    tensors = [
        Tensor("x", "float32", 20, 20, 1),
        Tensor("b", "bits", 20, 20, 1),
        Tensor("y", "int32", 35, 35, 1),
    ]
    records = [
        Record("pointwise", "sign", [0], [1], [], [0, 0]),
        Record("binary_conv", "wide", [1], [2], [np.ones(256, np.uint64)], [16, 16, 1, 1, 15, 15, 1, 1, 1, 0]),
    ]
    return network(tensors, records, 0, 2)


def constants_that_are_nan() -> ModelFile:
    """Every NaN, signalling ones too, both infinities and denormals, through every kind of step and a product."""
    bits = np.array([0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFBFFFFF, 0x7F800000, 0xFF800000, 1, 0x807FFFFF], np.uint32)
    special = np.frombuffer(bits.tobytes(), np.float32)
    steps = []  # each takes the value of the one before, 1 is the first constant, and the first step is value 3
    for code in range(1, 11):
        steps += [code, code + 1 if code > 1 else 0, int(code < 9), int(code == 7)]
    records = [
        Record("pointwise", "steps", [0], [1], [special, special[::-1].copy()], [10, *steps, 12]),
        Record("float_conv", "dense", [1], [2], [np.tile(special, (8, 1)), special], [*PLAIN, 1]),
    ]
    return network([vector(8), vector(8), vector(8)], records, 0, 2)


def labels_that_are_markup() -> ModelFile:
    """Text that is allowed, and that a careless page would take for more: markup, quotes, writing from the right."""
    labels = ["<script>alert(1)</script>", "'; drop table", "%s%n", "../../etc", "\u202egnp.exe", ""]
    model = copies(vector(6), 1)
    return ModelFile(model.tensors, model.ops, 0, 1, labels)


def select_of(index: list[int], dtype: str = "float32") -> ModelFile:
    """A select of two channels, which nobody has checked."""
    tensors = [vector(2, dtype), vector(3, dtype, "y"), vector(2, name="z")]
    records = [Record("pointwise", "copy", [0], [2], [], [0, 0])]
    copy = network(tensors, records, 0, 2).ops
    return ModelFile(tensors, [Select("select", (0,), (1,), np.array(index, np.int32)), *copy], 0, 2)


def with_metadata(text: bytes) -> bytes:
    """A file whose metadata is this text, which the writer would not write."""
    model = copies(vector(1), 1)
    content = bytearray(to_bytes(ModelFile(model.tensors, model.ops, 0, 1, (), {"a": "x" * (len(text) - 9)})))
    record = 64 + 6 * 32  # of the metadata, in the section table
    offset, size = struct.unpack_from("<QQ", content, record + 8)
    content[offset : offset + size] = text
    struct.pack_into("<I", content, record + 4, zlib.crc32(text))
    struct.pack_into("<I", content, 60, zlib.crc32(bytes(content[:60] + content[64 : 64 + 8 * 32])))
    return bytes(content)


ATTACKS: dict[str, bytes] = {
    "loads.one_number_for_2_20_channels": to_bytes(one_number_for_2_20_channels()),
    "loads.a_border_of_961_kinds": to_bytes(a_border_of_961_kinds()),
    "loads.constants_that_are_nan": to_bytes(constants_that_are_nan()),
    "loads.labels_that_are_markup": to_bytes(labels_that_are_markup()),
    "loads.metadata_that_is_not_json": with_metadata(b"not JSON at all {"),
    "loads.metadata_nested_5000_deep": with_metadata(b"[" * 5000),
    "loads.metadata_with_a_number_of_5000_digits": with_metadata(b'{"a": ' + b"1" * 5000 + b"}"),
    "op.select_channel_below_minus_1": to_bytes(select_of([0, -2, 1])),
    "op.select_channel_past_the_last": to_bytes(select_of([0, 1, 2])),
    "op.select_channel_that_is_the_largest_integer": to_bytes(select_of([0, 2**31 - 1, -(2**31)])),
    "op.select_index_elements_of_int32": to_bytes(select_of([0, 1])),
    "op.select_its_input_is_uint8": to_bytes(select_of([0, 1, -1], "uint8")),
    "session_limit.tensors_of_4_gb": to_bytes(tensors_of_4_gb()),
    "session_limit.weights_that_100_ops_share": to_bytes(weights_that_100_ops_share()),
}


def main() -> None:
    for name, content in ATTACKS.items():
        path = HERE / f"{name}.sbit"
        if not path.exists():
            path.write_bytes(content)
            print(f"{path.name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
