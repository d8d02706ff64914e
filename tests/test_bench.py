"""Costs of ops by hand, what is said about them, and that a bench of a real file adds up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signbit.bench import PEAKS, Limits, advice, run_bench, why
from signbit.convert.write import ModelFile, Op, Tensor, to_bytes
from signbit.engine import IsaError, Model, isas, supported_isas
from signbit.op_costs import OpCost, costs

EVERY_OP = Path(__file__).parent / "files/versions/v1_every_op.sbit"


def binary_conv(channels: int, outputs: int, side: int, kernel: int, groups: int = 1) -> Model:
    words = -(-channels // groups // 64)
    padding = kernel // 2
    tensors = [
        Tensor("x", "float32", side, side, channels),
        Tensor("s", "bits", side, side, channels),
        Tensor("y", "int32", side, side, outputs),
    ]
    weights = np.zeros((outputs, kernel, kernel, words), np.uint64)
    ops = [
        Op("pointwise", "sign", [0], [1], [], [0, 0]),
        Op("binary_conv", "conv", [1], [2], [weights], [kernel, kernel, 1, 1, padding, padding, 1, 1, groups, 0]),
    ]
    return Model.from_bytes(to_bytes(ModelFile(tensors, ops, 0, 2)))


def test_costs_by_hand() -> None:
    cost = costs(binary_conv(40, 24, 5, 3, groups=2))[1]
    assert cost.product == "binary"
    assert (cost.pixels, cost.depth, cost.group_channels) == (25, 180, 20)
    assert cost.macs == 25 * 24 * 180
    assert cost.lane_use == 12 / 16
    assert cost.word_use == 180 / 192
    assert cost.weight_bytes == 2 * 16 * 192 // 8
    assert cost.tensor_bytes == 25 * 8 + 25 * 24 * 4
    assert (cost.gathered_taps, cost.gathered_values) == (25 * 2 * 9, 25 * 2 * 180)
    assert cost.shifts_bits


def test_an_input_that_serves_as_it_lies_is_not_gathered() -> None:
    cost = costs(binary_conv(128, 64, 4, 1))[1]
    assert (cost.gathered_taps, cost.gathered_values) == (0, 0)
    assert (cost.lane_use, cost.word_use) == (1, 1)
    assert not cost.shifts_bits


def test_no_multiply_accumulates_without_a_product() -> None:
    model = Model.load(EVERY_OP)
    for op, cost in zip(model.ops, costs(model), strict=True):
        assert bool(cost.macs) == (op.kind in ("binary_conv", "integer_conv", "float_conv"))
        assert cost.bytes > 0


def test_every_instruction_set_has_a_peak() -> None:
    assert set(isas()) <= set(PEAKS)


LIMITS = Limits("avx2", 1, 1e9, 1e9)


@pytest.mark.parametrize(
    ("cost", "us", "text"),
    [
        (OpCost(), 0.5, "too short"),
        (OpCost("binary", macs=256_000, pixels=9), 1.5, "near its bound: the arithmetic"),
        (OpCost("binary", macs=256, tensor_bytes=9000, pixels=9), 10, "near its bound: the memory"),
        (OpCost("binary", macs=256_000, lane_use=0.2, pixels=9), 10, "80% of the lanes idle"),
        (OpCost("binary", macs=256_000, word_use=0.25, pixels=9), 10, "75% of each word empty"),
        (
            OpCost("binary", macs=256, pixels=9, group_channels=20, gathered_taps=1000, gathered_values=20_000),
            10,
            "20 channels are no multiple of 64",
        ),
        (OpCost("binary", macs=256, pixels=1, weight_bytes=4096), 10, "4 KiB of weights are read for 1 pixel"),
        (OpCost("float32", macs=16, pixels=9, depth=27), 10, "few inputs (27)"),
    ],
)
def test_reasons(cost: OpCost, us: float, text: str) -> None:
    assert text in why("binary_conv", cost, us, LIMITS)


def test_the_advice_names_the_op_with_most_to_gain() -> None:
    rows = [
        {"op": 0, "kind": "a", "name": "x", "us": 10.0, "bound_us": 9.0, "why": "this"},
        {"op": 1, "kind": "b", "name": "y", "us": 8.0, "bound_us": 1.0, "why": "that"},
    ]
    assert advice(rows).startswith("op 1 (b y)")
    assert advice(rows).endswith("that")


@pytest.mark.parametrize("isa", supported_isas())
def test_a_bench_adds_up(isa: str) -> None:
    result = run_bench(Model.load(EVERY_OP), isa=isa, threads=2, seconds=0.05)
    assert (result["isa"], result["threads"]) == (isa, 2)
    assert len(result["ops"]) == 11
    assert sum(row["share"] for row in result["ops"]) == pytest.approx(1)
    assert 0.1 < result["clock_ghz"] < 10
    assert result["runs"] >= 30
    assert result["latency_us"]["low"] <= result["latency_us"]["median"] <= result["latency_us"]["high"]


def test_an_unknown_instruction_set() -> None:
    with pytest.raises(IsaError, match="scalar"):
        run_bench(Model.load(EVERY_OP), isa="sse")
