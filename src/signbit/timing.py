"""Compare the speed of functions: in turn, in one run, medians with spread."""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Timing:
    """Microseconds of one call: the median over the rounds, and the fastest and slowest round."""

    median: float
    low: float
    high: float


def interleave(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int = 15, block_seconds: float = 0.03
) -> dict[str, Timing]:
    """Time each function in short blocks, one after the other, round after round.

    A machine that is slower for a second is slower for all of them; the medians stay comparable.

    Args:
        contenders: functions without arguments; each is called once more before, to warm up.
        rounds: how many blocks each gets.
        block_seconds: how long a block lasts at least.
    """
    for function in contenders.values():
        function()
    blocks: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, function in contenders.items():
            blocks[name].append(_time_block(function, block_seconds))
    return {name: Timing(statistics.median(times), min(times), max(times)) for name, times in blocks.items()}


def _time_block(function: Callable[[], object], seconds: float) -> float:
    calls, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or not calls:
        function()
        calls += 1
    return 1e6 * elapsed / calls


def machine() -> dict[str, Any]:
    """What a timing was taken on."""
    return {"processor": _processor(), "system": platform.platform(), "python": sys.version.split()[0]}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
