"""Files that are written and read: the same bytes again, and the same refusals as the engine's."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from random_files import model_files

from one_op import assert_same_record, convert, one_op, raw
from signbit.engine import Model
from signbit.errors import ModelFileError
from signbit.modelfile import ModelFile, Tensor, from_bytes, layout, ops, read, to_bytes, write
from signbit.modelfile.bits import pack_mask, unpack_mask, unpack_signs
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import Intervals
from signbit.modelfile.ops.window import Window
from signbit.modelfile.steps import Step
from signbit.preprocessing import Preprocessing

FILES = Path(__file__).parents[1] / "files"
VERSIONS = sorted((FILES / "versions").glob("*.sbit"))
ATTACKS = sorted((FILES / "attacks").glob("*.sbit"))
PLAIN = Window((1, 1))


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_every_version_is_written_again_as_it_was(path: Path) -> None:
    content = path.read_bytes()
    again = to_bytes(read(path))
    if path.stem == "v1_every_op":  # written in C++, where names come in another order
        assert len(again) == len(content)
        assert to_bytes(from_bytes(again)) == again
    else:
        assert again == content


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_an_attack_meets_what_its_name_says(path: Path) -> None:
    """As in the engine; metadata, which the engine does not read, is read here."""
    expected = "record" if path.name.startswith("loads.metadata") else path.name.split(".")[0]
    if expected == "loads" or expected.startswith("session_"):
        assert to_bytes(from_bytes(to_bytes(read(path)))) == to_bytes(read(path))
        return
    with pytest.raises(ModelFileError) as caught:
        from_bytes(path.read_bytes())
    assert caught.value.kind == expected


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a busy machine the first example takes a second
@given(model_files())
def test_what_is_written_is_read_and_written_again_as_it_was(model: ModelFile) -> None:
    content = to_bytes(model)
    again = from_bytes(content)
    assert to_bytes(again) == content
    assert to_bytes(Model.from_bytes(content).file) == content
    assert (again.tensors, again.labels, again.metadata) == (list(model.tensors), list(model.labels), model.metadata)
    assert again.preprocessing == model.preprocessing
    for op, known in zip(again.ops, model.ops, strict=True):
        assert_same_record(op, known)


def constants_in(content: bytes) -> int:
    """Records in the second section."""
    return int(layout.SECTION.unpack_from(content, layout.HEADER_BYTES + layout.SECTION.size)[4])


def test_a_constant_of_several_ops_is_written_once() -> None:
    ones, mask = np.ones(3, np.float32), np.array([True, False, True])
    low = np.zeros(3, np.int32)
    shared = Intervals(low, low, mask)
    tensors = [
        Tensor("", dtype, 1, 1, 3) for dtype in ("float32", "float32", "float32", "bits", "int32", "bits", "bits")
    ]
    step = (Step("add", (0, 1)),)
    ops_ = [
        Pointwise("a", (0,), (1,), step, (ones,), (2,)),
        Pointwise("b", (1,), (2,), step, (ones,), (2,)),
        convert("sign", 0, 3),
        BinaryConv("sums", (3,), (4,), np.zeros((3, 1, 1, 1), np.uint64), PLAIN),
        Threshold("c", (4,), (5,), shared),
        Threshold("d", (4,), (6,), shared),
    ]
    content = to_bytes(ModelFile(tensors, ops_, 0, 2))
    assert constants_in(content) == 1 + 1 + 2  # low is high too
    again = from_bytes(content)
    assert to_bytes(again) == content
    assert np.shares_memory(again.ops[0].constants[0], again.ops[1].constants[0])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(Model.from_bytes(content).session().run(np.zeros((1, 3), np.float32)), [[2, 2, 2]])


def test_a_view_of_part_of_an_array_is_a_constant_of_its_own() -> None:
    many = np.arange(6, dtype=np.float32)
    tensors = [Tensor("", "float32", 1, 1, 3)] * 2
    parts = (many[:3], many[3:], many[::2], many[:1])
    op = Pointwise("", (0,), (1,), (), parts, (0,))
    (again,) = from_bytes(to_bytes(ModelFile(tensors, [op], 0, 1))).ops
    assert_same_record(again, op)


def scores(**changes: Any) -> ModelFile:
    tensors = [Tensor("x", "float32", 1, 1, 3), Tensor("y", "float32", 1, 1, 3)]
    return replace(ModelFile(tensors, [convert("copy", 0, 1)], 0, 1), **changes)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("\x1b[2J", "has a control character"),
        ("a\nb", "has a control character"),
        ("\x7f", "has a control character"),
        ("\x85", "has a control character"),
        ("\ud800", "cannot be written as UTF-8"),
        ("x" * 65536, "takes 65536 bytes; at most 65535"),
    ],
)
def test_text_that_no_file_may_have(label: str, message: str, tmp_path: Path) -> None:
    for model in (
        scores(labels=("a", label, "c")),
        scores(tensors=[Tensor(label, "float32", 1, 1, 3), Tensor("y", "float32", 1, 1, 3)]),
        scores(ops=[convert(label, 0, 1)]),
    ):
        with pytest.raises(ValueError, match=message):
            write(model, tmp_path / "model.sbit")
    assert not list(tmp_path.iterdir())


def test_the_writer_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 labels for an output of 3 channels"):
        to_bytes(scores(labels=["a", "b"]))
    with pytest.raises(ValueError, match="type of tensor 'x'"):
        to_bytes(scores(tensors=[Tensor("x", "float64", 1, 1, 3)] * 2))
    with pytest.raises(ValueError, match="preprocessing is of photos, but the model reads float32"):
        to_bytes(scores(preprocessing=Preprocessing()))
    path = tmp_path / "model.sbit"
    path.write_bytes(b"old")
    wrong = raw(ops.Record("flatten", "first", [0], [1], [np.zeros(3, np.int16)]))
    with pytest.raises(ValueError, match="op 'first' has a constant of type int16"):
        write(one_op(wrong, scores().tensors), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no-such-file") as caught:
        read("no-such-file.sbit")
    assert caught.value.kind == "io"
    path = tmp_path / "broken.sbit"
    path.write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match=r"broken\.sbit: it does not begin") as caught:
        read(path)
    assert caught.value.kind == "not_a_model"


def repaired(content: bytearray) -> bytes:
    """The same with checksums that are right."""
    for index in range(len(layout.SECTIONS)):
        at = layout.HEADER_BYTES + index * layout.SECTION.size
        _, _, offset, size, _ = layout.SECTION.unpack_from(content, at)
        struct.pack_into("<I", content, at + 4, zlib.crc32(content[offset : offset + size]))
    table = content[layout.HEADER_BYTES : layout.FIRST_SECTION]
    struct.pack_into("<I", content, layout.HEADER.size, zlib.crc32(content[: layout.HEADER.size] + table))
    return bytes(content)


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_no_damage_gets_past_one_reader_and_not_the_other(path: Path) -> None:
    """Every byte changed, with checksums that are right again: both refuse, for one reason, or neither does."""
    good = path.read_bytes()
    step = max(1, len(good) // 400)
    for place in range(0, len(good), step):
        damaged = bytearray(good)
        damaged[place] ^= 1 << place % 8
        content = repaired(damaged) if place not in range(60, 64) else bytes(damaged)
        assert fate(from_bytes, content) == fate(lambda given: Model.from_bytes(given).file, content), place


def fate(reader: Any, content: bytes) -> str:
    try:
        return "reads " + str(zlib.crc32(to_bytes(reader(content))))
    except ModelFileError as error:
        return error.kind


def test_a_mask_outlives_packing() -> None:
    mask = np.random.default_rng(1).random((3, 70)) < 0.5
    np.testing.assert_array_equal(unpack_mask(pack_mask(mask), 70), mask)
    np.testing.assert_array_equal(unpack_signs(pack_mask(mask), 70), np.where(mask, -1, 1))
