"""The time of each op of a model file, and how near it is to what the processor's instruction set allows."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from signbit.engine import Model, Op, Session
from signbit.engine._native import clock_hertz
from signbit.modelfile.costs import Cost
from signbit.timing import machine


class Peak(NamedTuple):
    """Multiply-accumulates a cycle on one core, by what is multiplied."""

    binary: float
    int16: float
    float32: float


# The widest processors of today issue four vector instructions a cycle, two of them multiplications, and six scalar
# ones; others, with two ports or 512 bits in two halves, reach half of this. What a product takes, on full vectors:
#   binary, avx512vpopcntdq   xor, count, add                          3 for 512 signs
#   binary, avx512            xor, two for a carry-save adder,
#                             about one for what it carries            4 for 512 signs
#   binary, avx2              a shuffle looks up four signs in each of
#                             32 lanes, an add                         2 for 128 signs
#   binary, neon              xor, count, add across pairs             3 for 128 signs
#   binary, scalar            xor, 12 to count the bits, add           14 for 64 signs
#   int16                     multiply pairs and add them, add; on neon both in one, for 4
#   float32                   one fused multiply-add
PEAKS = {
    "avx512vpopcntdq": Peak(4 * 512 / 3, 2 * 32, 2 * 16),
    "avx512": Peak(4 * 512 / 4, 2 * 32, 2 * 16),
    "avx2": Peak(4 * 128 / 2, 2 * 16, 2 * 8),
    "neon": Peak(4 * 128 / 3, 4 * 4, 4 * 4),
    "scalar": Peak(6 * 64 / 14, 2, 2),
}

_ROUNDS_AT_LEAST = 30
_GOOD_ENOUGH = 0.5  # of the bound
_SHORT_US = 1.0

# What it takes to bring the inputs under an output pixel together: rough, and only used to say what is slow.
_CYCLES_A_SHIFTED_TAP = 6.0  # bits that do not begin with a word
_CYCLES_A_VALUE = {"binary": 1 / 64, "int16": 1.0, "float32": 0.25}


@dataclass(frozen=True)
class Limits:
    """What this processor can do with one instruction set and so many threads."""

    isa: str
    threads: int
    clock_hertz: float
    bytes_per_second: float

    def compute_us(self, cost: Cost) -> float:
        """The least time of the products, all lanes busy."""
        if not cost.product:
            return 0.0
        peak: float = getattr(PEAKS[self.isa], cost.product)
        return 1e6 * cost.macs / (peak * self.clock_hertz * self.threads)

    def memory_us(self, moved: int) -> float:
        """The least time in which so many bytes come and go."""
        return 1e6 * moved / (self.bytes_per_second * self.threads)


def run_bench(model: Model, *, isa: str | None = None, threads: int = 1, seconds: float = 2.0) -> dict[str, Any]:
    """Time one image through the network, whole and op by op, in turn.

    Args:
        model: of any input; the image is random.
        isa: the instruction set; the best one by default.
        threads: of the engine.
        seconds: how long to measure.

    Returns:
        plain values: times in microseconds, medians with their 10 to 90 % spread.
    """
    session, work = model.session(threads=threads, isa=isa), model.file.costs()
    image = _random_image(model)
    whole, ops = _measure(session, image, seconds)
    limits = measure_limits(session, sum(cost.bytes for cost in work))
    rows = [_row(index, model.ops[index], work[index], times, limits) for index, times in enumerate(ops)]
    total = sum(row["us"] for row in rows)
    for row in rows:
        row["share"] = row["us"] / total
    return {
        "isa": session.isa,
        "threads": session.threads,
        "latency_us": _spread(whole),
        "runs": len(whole),
        "bound_us": sum(row["bound_us"] for row in rows),
        "clock_ghz": limits.clock_hertz / 1e9,
        "gigabytes_per_second": limits.bytes_per_second / 1e9,
        "ops": rows,
        "advice": advice(rows),
        "machine": machine(),
    }


def _random_image(model: Model) -> NDArray[Any]:
    generator = np.random.default_rng(0)
    shape = (1, *model.input_shape)
    if model.input_dtype == np.uint8:
        return generator.integers(0, 256, shape).astype(np.uint8)
    return generator.standard_normal(shape).astype(np.float32)


def _measure(session: Session, image: NDArray[Any], seconds: float) -> tuple[list[float], list[list[float]]]:
    for _ in range(10):
        session.run(image)
    whole: list[float] = []
    profiles: list[list[float]] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(whole) < _ROUNDS_AT_LEAST:
        start = time.perf_counter()
        session.run(image)
        whole.append(1e6 * (time.perf_counter() - start))
        profiles.append(session.profile(image))
    return whole, [list(times) for times in zip(*profiles, strict=True)]


def _spread(times: list[float]) -> dict[str, float]:
    deciles = statistics.quantiles(times, n=10)
    return {"median": statistics.median(times), "low": deciles[0], "high": deciles[-1]}


def measure_limits(session: Session, touched: int) -> Limits:
    """The clock, by a chain of additions, and the bandwidth, by a copy as large as the bytes the network touches."""
    return Limits(session.isa, session.threads, clock_hertz(), _copy_bandwidth(max(touched // 2, 1 << 14)))


def _copy_bandwidth(size: int) -> float:
    source, target = np.ones(size, np.uint8), np.empty(size, np.uint8)
    best = float("inf")
    calls = max(1, (1 << 22) // size)
    for _ in range(20):
        start = time.perf_counter()
        for _ in range(calls):
            np.copyto(target, source)
        best = min(best, (time.perf_counter() - start) / calls)
    return 2 * size / best


def _row(index: int, op: Op, cost: Cost, times: list[float], limits: Limits) -> dict[str, Any]:
    spread = _spread(times)
    bound = max(limits.compute_us(cost), limits.memory_us(cost.bytes))
    us = spread["median"]
    return {
        "op": index,
        "kind": op.kind,
        "name": op.name,
        "us": us,
        "spread_us": spread,
        "product": cost.product,
        "macs": cost.macs,
        "gigamacs_per_second": cost.macs / us / 1e3 if us else 0.0,
        "bytes": cost.bytes,
        "bound_us": bound,
        "bound_by": "compute" if limits.compute_us(cost) >= limits.memory_us(cost.bytes) else "memory",
        "share_of_bound": bound / us if us else 1.0,
        "why": why(op, cost, us, limits),
    }


def why(op: Op, cost: Cost, us: float, limits: Limits) -> str:
    """In words, where the time goes that the bound does not explain; the largest cause first."""
    compute, memory = limits.compute_us(cost), limits.memory_us(cost.bytes)
    if us < _SHORT_US:
        return "too short to matter"
    if max(compute, memory) >= _GOOD_ENOUGH * us:
        return "near its bound: " + ("the arithmetic" if compute >= memory else "the memory")
    if not cost.product:
        return op.slow_because
    causes = [
        (compute * (1 / cost.lane_use - 1), f"{1 - cost.lane_use:.0%} of the lanes idle: outputs come in sixteens"),
        (compute * (1 / cost.word_use - 1), f"{1 - cost.word_use:.0%} of each word empty: inputs are too few"),
        (_gather_us(cost, limits), _gathering(cost)),
        (limits.memory_us(cost.weight_bytes) if cost.pixels < 6 else 0.0, _weights_once(cost)),
    ]
    found = [text for loss, text in sorted(causes, key=lambda cause: -cause[0]) if loss >= 0.1 * us]
    return "; ".join(found) or f"few inputs ({cost.depth}) for each output: the work around the products shows"


def _gather_us(cost: Cost, limits: Limits) -> float:
    if not cost.gathered_values:
        return 0.0
    shifted = _CYCLES_A_SHIFTED_TAP * cost.gathered_taps if cost.shifts_bits else 0.0
    cycles = shifted + _CYCLES_A_VALUE[cost.product] * cost.gathered_values
    return 1e6 * cycles / (limits.clock_hertz * limits.threads)


def _gathering(cost: Cost) -> str:
    if cost.shifts_bits:
        return f"{cost.group_channels} channels are no multiple of 64: the bits of each tap are shifted into place"
    return f"the inputs under each output are copied together, {cost.gathered_values:,} values"


def _weights_once(cost: Cost) -> str:
    return f"{cost.weight_bytes / 1024:.0f} KiB of weights are read for {cost.pixels} pixel{'s'[: cost.pixels > 1]}"


def advice(rows: list[dict[str, Any]]) -> str:
    """One sentence: which op to look at first."""
    worst = max(rows, key=lambda row: row["us"] - row["bound_us"])
    lost, total = worst["us"] - worst["bound_us"], sum(row["us"] for row in rows)
    return (
        f"op {worst['op']} ({worst['kind']} {worst['name']}) takes {worst['us'] / total:.0%} of the time and has "
        f"{lost:.1f} us between it and its bound: {worst['why']}"
    )
