"""What `signbit inspect` says, against thresholds set by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from signbit.convert.write import ModelFile, Op, Tensor, to_bytes
from signbit.engine import Model, pack_bits
from signbit.model_file_report import describe

EVERY_OP = Path(__file__).parent / "files/versions/v1_every_op.sbit"
LOWEST, HIGHEST = -(2**31), 2**31 - 1


def described(tensors: list[Tensor], ops: list[Op]) -> dict[str, Any]:
    return describe(Model.from_bytes(to_bytes(ModelFile(tensors, ops, 0, len(tensors) - 1))))


def signs(name: str, source: int, target: int) -> Op:
    return Op("pointwise", name, [source], [target], [], [0, 0])


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
    constants = [np.zeros((count, 1), np.uint64), low, high, np.zeros(1, np.uint64)]
    tensors = [
        Tensor("x", "float32", 1, 1, 5),
        Tensor("s", "bits", 1, 1, 5),
        Tensor("t", "bits", 1, 1, count),
        Tensor("y", "float32", 1, 1, count),
    ]
    ops = [
        signs("sign", 0, 1),
        Op("binary_conv", "linear", [1], [2], constants, [1, 1, 1, 1, 0, 0, 1, 1, 1, 0]),
        Op("pointwise", "float", [2], [3], [], [0, 0]),
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
    constants = [low, np.full(4, HIGHEST, np.int32), np.zeros(1, np.uint64)]
    tensors = [
        Tensor("x", "uint8", 4, 4, 2),
        Tensor("n", "int32", 4, 4, 4),
        Tensor("p", "int32", 2, 2, 4),
        Tensor("t", "bits", 2, 2, 4),
        Tensor("y", "float32", 2, 2, 4),
    ]
    ops = [
        Op("integer_conv", "stem", [0], [1], [weights], [1, 1, 1, 1, 0, 0, 1, 1]),
        Op("max_pool", "pool", [1], [2], [], [2, 2, 2, 2, 0, 0, 1, 1]),
        Op("threshold", "sign", [2], [3], constants),
        Op("pointwise", "float", [3], [4], [], [0, 0]),
    ]
    assert described(tensors, ops)["ops"][2]["dead"] == [0, 2]


def test_tables_that_say_the_same_for_every_integer() -> None:
    table = pack_bits(np.array([[1, -1, 1, -1], [1, 1, 1, 1]]))  # of the integers -2 to 1; 1 goes on above
    constants = [
        np.zeros(2, np.int32),
        np.zeros(2, np.int32),
        np.zeros(1, np.uint64),
        np.int32([0, 1]),
        table,
    ]
    tensors = [
        Tensor("x", "float32", 1, 1, 2),
        Tensor("s", "bits", 1, 1, 2),
        Tensor("n", "int32", 1, 1, 2),
        Tensor("t", "bits", 1, 1, 2),
        Tensor("y", "float32", 1, 1, 2),
    ]
    ops = [
        signs("sign", 0, 1),
        Op("binary_conv", "linear", [1], [2], [np.zeros((2, 1), np.uint64)], [1, 1, 1, 1, 0, 0, 1, 1, 1, 0]),
        Op("threshold", "table", [2], [3], constants, [-2, 4]),
        Op("pointwise", "float", [3], [4], [], [0, 0]),
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
