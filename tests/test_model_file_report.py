"""What `signbit inspect` says, against thresholds set by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from signbit.engine import Model
from signbit.model_file_report import describe
from signbit.modelfile import ModelFile, Op, Tensor, to_bytes
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import HIGHEST, LOWEST, Intervals, Tables
from signbit.modelfile.ops.window import Window

EVERY_OP = Path(__file__).parent / "files/versions/v1_every_op.sbit"
PLAIN = Window((1, 1))


def described(tensors: list[Tensor], ops: list[Op]) -> dict[str, Any]:
    return describe(Model.from_bytes(to_bytes(ModelFile(tensors, ops, 0, len(tensors) - 1))))


def convert(name: str, source: int, target: int) -> Pointwise:
    """The tensor in the type of the target."""
    return Pointwise(name, (source,), (target,), (), (), (0,))


def test_kinds_of_thresholds_of_a_product() -> None:
    """Depth 5: integers from -5 to 5. What lies outside of them cannot come."""
    intervals = {
        "one": [(0, HIGHEST), (LOWEST, 0), (-4, HIGHEST), (-4, 5), (5, 5)],
        "interval": [(-4, 4), (0, 0)],
        "dead": [(LOWEST, HIGHEST), (0, -1), (-5, 5), (6, HIGHEST), (LOWEST, -6)],
    }
    pairs = [pair for some in intervals.values() for pair in some]
    low, high = (np.array(side, np.int32) for side in zip(*pairs, strict=True))
    count = len(pairs)
    thresholds = Intervals(low, high, np.zeros(count, bool))
    tensors = [
        Tensor("x", "float32", 1, 1, 5),
        Tensor("s", "bits", 1, 1, 5),
        Tensor("t", "bits", 1, 1, count),
        Tensor("y", "float32", 1, 1, count),
    ]
    ops = [
        convert("sign", 0, 1),
        BinaryConv("linear", (1,), (2,), np.zeros((count, 1, 1, 1), np.uint64), PLAIN, 1, 0, thresholds),
        convert("float", 2, 3),
    ]
    result = described(tensors, ops)
    row = result["ops"][1]
    assert row["thresholds"] == {kind: len(some) for kind, some in intervals.items()} | {"table": 0}
    assert row["dead"] == [7, 8, 9, 10, 11]
    assert result["dead_channels"] == 5


def test_reach_of_an_integer_stem_through_a_pool() -> None:
    """Weights 2 and -1 on pixels less 128 (-128 to 127): sums from 2 * -128 - 127 = -383 to 2 * 127 + 128 = 382."""
    weights = np.int8([[2, -1]] * 4)
    low = np.int32([383, 382, -383, -382])
    thresholds = Intervals(low, np.full(4, HIGHEST, np.int32), np.zeros(4, bool))
    tensors = [
        Tensor("x", "uint8", 4, 4, 2),
        Tensor("n", "int32", 4, 4, 4),
        Tensor("p", "int32", 2, 2, 4),
        Tensor("t", "bits", 2, 2, 4),
        Tensor("y", "float32", 2, 2, 4),
    ]
    ops = [
        IntegerConv("stem", (0,), (1,), weights.reshape(4, 1, 1, 2), PLAIN),
        MaxPool("pool", (1,), (2,), Window((2, 2), (2, 2))),
        Threshold("sign", (2,), (3,), thresholds),
        convert("float", 3, 4),
    ]
    assert described(tensors, ops)["ops"][2]["dead"] == [0, 2]


def test_tables_that_say_the_same_for_every_integer() -> None:
    negative = np.array([[False, True, False, True], [False] * 4])  # of the integers -2 to 1; 1 goes on above
    tables = Tables(np.int32([0, 1]), negative, -2)
    thresholds = Intervals(np.zeros(2, np.int32), np.zeros(2, np.int32), np.zeros(2, bool))
    tensors = [
        Tensor("x", "float32", 1, 1, 2),
        Tensor("s", "bits", 1, 1, 2),
        Tensor("n", "int32", 1, 1, 2),
        Tensor("t", "bits", 1, 1, 2),
        Tensor("y", "float32", 1, 1, 2),
    ]
    ops = [
        convert("sign", 0, 1),
        BinaryConv("linear", (1,), (2,), np.zeros((2, 1, 1, 1), np.uint64), PLAIN),
        Threshold("table", (2,), (3,), thresholds, tables),
        convert("float", 3, 4),
    ]
    row = described(tensors, ops)["ops"][2]
    assert row["thresholds"] == {"one": 0, "interval": 0, "table": 1, "dead": 1}
    assert row["dead"] == [1]


def test_the_file_with_every_op() -> None:
    result = describe(Model.load(EVERY_OP))
    assert result["model_file_bytes"] == EVERY_OP.stat().st_size
    assert [row["kind"] for row in result["ops"]].count("binary_conv") == 3
    assert result["ops"][3]["window"] == "3x3, padding 2, dilation 2, value -1"
    assert result["ops"][2]["window"] == "3x3, padding 1, groups 2, value 0"
    assert result["macs"]["int16"] == 6 * 5 * 20 * 27
    assert result["constant_bytes"] < result["model_file_bytes"]
    assert result["photos"] is None
