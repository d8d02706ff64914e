"""Says at the end how many blocks of the documentation were run, and which were not."""

from collections import Counter

import pytest

blocks: Counter[str] = Counter()  # by language
not_run: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take in what the test of a page noted."""
    if report.when == "call":
        noted = dict(report.user_properties)
        blocks.update(noted.get("blocks", {}))
        not_run.extend(noted.get("not_run", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if blocks or not_run:
        counts = ", ".join(f"{language} {count}" for language, count in sorted(blocks.items()))
        terminalreporter.write_line(f"blocks of the documentation: {counts}; not run: {len(not_run)}")
        for reason in not_run:
            terminalreporter.write_line(f"  {reason}")
