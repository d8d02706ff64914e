"""Settings of all tests: reproducible examples, one thread, and the folder of the published data sets."""

import os
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

try:
    from hypothesis import settings
except ImportError:
    pass
else:
    # A deadline trips on torch's first call.
    settings.register_profile("signbit", deadline=None, derandomize=True, print_blob=True)
    settings.load_profile("signbit")

try:
    import torch
except ImportError:
    pass
else:
    # Threads that wait on each other: on a busy machine two take 50 times as long as one for nets this small.
    torch.set_num_threads(1)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed that is the same in every run and another for every test; printed, so a failure shows it."""
    number = zlib.crc32(request.node.nodeid.encode()) & 0xFFFF
    print(f"seed {number}")
    return number


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the published data sets; without it the test is skipped."""
    folder = os.environ.get("SIGNBIT_DATA")
    if not folder:
        pytest.skip("SIGNBIT_DATA is not set: the published CIFAR and MNIST files are not here")
    return Path(folder)


ran: Counter[str] = Counter()  # passed tests by instruction set
blocks: Counter[str] = Counter()  # blocks of the documentation by language
not_run: list[str] = []  # reasons of those that were not run


@pytest.fixture(autouse=True)
def _count_isa(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Note the instruction set of a test that has one as its parameter `isa`."""
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and "isa" in callspec.params:
        record_property("isa", callspec.params["isa"])


@pytest.fixture
def every_isa(record_property: Callable[[str, object], None]) -> list[str]:
    """The instruction sets of this machine, for a test that runs all of them by itself."""
    from signbit.engine import supported_isas

    for isa in supported_isas():
        record_property("isa", isa)
    return supported_isas()


# Both hooks stand here and not beside the tests: of several processes, the one that reports loads no other conftest.
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what passed, and take in what the test of a page noted."""
    if report.when == "call" and report.passed:
        ran.update(str(value) for name, value in report.user_properties if name == "isa")
        noted: dict[str, Any] = dict(report.user_properties)
        blocks.update(noted.get("blocks", {}))
        not_run.extend(noted.get("not_run", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran on which instruction set, and which blocks of the documentation did not."""
    if ran:
        terminalreporter.write_line(f"tests by instruction set of the engine: {_listed(ran)}")
    if blocks or not_run:
        terminalreporter.write_line(f"blocks of the documentation: {_listed(blocks)}; not run: {len(not_run)}")
        for reason in not_run:
            terminalreporter.write_line(f"  {reason}")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
