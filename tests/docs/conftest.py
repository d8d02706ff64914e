"""Says at the end how many blocks of the documentation were run, and which were not."""

import pytest
from page import Tally

tallies: list[Tally] = []


@pytest.fixture(scope="session")
def all_tallies() -> list[Tally]:
    return tallies


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not tallies:
        return
    blocks = sum((tally.blocks for tally in tallies), start=type(tallies[0].blocks)())
    counts = ", ".join(f"{language} {count}" for language, count in sorted(blocks.items()))
    not_run = [reason for tally in tallies for reason in tally.not_run]
    terminalreporter.write_line(f"blocks of the documentation: {counts}; not run: {len(not_run)}")
    for reason in not_run:
        terminalreporter.write_line(f"  {reason}")
