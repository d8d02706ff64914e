"""Costs of ops by hand, what is said about them, and that a bench of a real file adds up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signbit.bench import PEAKS, Limits, advice, run_bench, why
from signbit.engine import IsaError, Model, isas, supported_isas
from signbit.modelfile import Op, Tensor, ops
from signbit.modelfile.costs import PRODUCTS, Cost
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.concat import Concat
from signbit.modelfile.ops.flatten import Flatten
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.window import Window

EVERY_OP = Path(__file__).parent / "files/versions/v1_every_op.sbit"


def cost_of(channels: int, outputs: int, side: int, kernel: int, groups: int = 1) -> Cost:
    """Of a binary convolution that keeps the size."""
    words = -(-channels // groups // 64)
    weights, window = np.zeros((outputs, kernel, kernel, words), np.uint64), Window((kernel, kernel))
    op = BinaryConv("conv", (0,), (1,), weights, replace(window, padding=(kernel // 2, kernel // 2)), groups)
    return op.cost([Tensor("s", "bits", side, side, channels)], [Tensor("y", "int32", side, side, outputs)])


def test_costs_by_hand() -> None:
    cost = cost_of(40, 24, 5, 3, groups=2)
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
    cost = cost_of(128, 64, 4, 1)
    assert (cost.gathered_taps, cost.gathered_values) == (0, 0)
    assert (cost.lane_use, cost.word_use) == (1, 1)
    assert not cost.shifts_bits


def test_no_multiply_accumulates_without_a_product() -> None:
    model = Model.load(EVERY_OP)
    for op, cost in zip(model.ops, model.file.costs(), strict=True):
        assert bool(cost.macs) == op.kind.endswith("_conv")
        assert cost.product in (PRODUCTS if cost.macs else [""])
        assert cost.bytes > 0


def test_costs_of_moving() -> None:
    """Two inputs and an output of 4 x 4 pixels, and nothing else."""
    inputs = [Tensor("a", "bits", 4, 4, 65), Tensor("b", "bits", 4, 4, 1)]
    cost = Concat("cat", (0, 1), (2,)).cost(inputs, [Tensor("y", "bits", 4, 4, 66)])
    assert cost == Cost(pixels=16, tensor_bytes=16 * (16 + 8 + 16))


def test_an_odd_depth_of_pairs_is_filled_up() -> None:
    op = IntegerConv("stem", (0,), (1,), np.zeros((5, 3, 3, 3), np.int8), Window((3, 3), padding=(1, 1)))
    cost = op.cost([Tensor("x", "uint8", 8, 8, 3)], [Tensor("y", "int32", 8, 8, 5)])
    assert (cost.word_use, cost.weight_bytes) == (27 / 28, 16 * 28 * 2)


def test_every_instruction_set_has_a_peak() -> None:
    assert set(isas()) <= set(PEAKS)


LIMITS = Limits("avx2", 1, 1e9, 1e9)
ANY_OP = Pointwise("", (0,), (1,), (), (), (0,))


@pytest.mark.parametrize(
    ("cost", "us", "text"),
    [
        (Cost(), 0.5, "too short"),
        (Cost("binary", macs=256_000, pixels=9), 1.5, "near its bound: the arithmetic"),
        (Cost("binary", macs=256, tensor_bytes=9000, pixels=9), 10, "near its bound: the memory"),
        (Cost("binary", macs=256_000, lane_use=0.2, pixels=9), 10, "80% of the lanes idle"),
        (Cost("binary", macs=256_000, word_use=0.25, pixels=9), 10, "75% of each word empty"),
        (
            Cost("binary", macs=256, pixels=9, group_channels=20, gathered_taps=1000, gathered_values=20_000),
            10,
            "20 channels are no multiple of 64",
        ),
        (Cost("binary", macs=256, pixels=1, weight_bytes=4096), 10, "4 KiB of weights are read for 1 pixel"),
        (Cost("float32", macs=16, pixels=9, depth=27), 10, "few inputs (27)"),
    ],
)
def test_reasons(cost: Cost, us: float, text: str) -> None:
    assert text in why(ANY_OP, cost, us, LIMITS)


@pytest.mark.parametrize(
    ("op", "text"),
    [(Flatten("", (0,), (1,)), "bits change their order one by one"), (ANY_OP, "each value is read and written once")],
)
def test_reasons_of_ops_without_a_product(op: Op, text: str) -> None:
    assert text in why(op, Cost(tensor_bytes=9), 10, LIMITS)


def test_every_op_has_a_reason() -> None:
    assert all(ops.of_kind(kind).slow_because for kind in ops.names())


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
