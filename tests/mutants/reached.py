"""Which tests run a statement: no other can notice a change of it, so no other needs to be run.

A statement in a function is run by the tests that coverage.py saw there. What runs when a module is imported is left to
all of them. While coverage looks on, nothing is cached between tests.
"""

from __future__ import annotations

import ast
import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Collector:
    """A plugin of pytest that notes for each test which lines it runs and for how long.

    Args:
        coverage: notes the lines.
        folder: nothing that is cached by a module below it is left for the next test.

    Attributes:
        seconds: by test.
        failed: tests that failed.
    """

    def __init__(self, coverage: Any, folder: Path) -> None:
        self._coverage, self._folder = coverage, folder
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        _clear_caches(self._folder)
        self._coverage.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def collect(sources: list[Path], run_tests: Callable[[list[Any]], int], output: Path) -> None:
    """Run the tests, and write as JSON which tests run which lines, and how long each test takes.

    Args:
        sources: folders of the source files.
        run_tests: runs the tests with plugins.
        output: `seconds` by test, and by file and line, the `tests`; it lies in the folder that everything is in.
    """
    import coverage

    watched = coverage.Coverage(data_file=None, source=[str(folder) for folder in sources], config_file=False)
    collector = Collector(watched, output.parent)
    watched.start()
    run_tests([collector])
    watched.stop()
    data = watched.get_data()
    if collector.failed:
        sys.exit(f"{len(collector.failed)} tests fail without any change, the first {collector.failed[0]}")
    names = list(collector.seconds)
    number = {name: position for position, name in enumerate(names)}
    tests = {
        file: {line: sorted(number[name] for name in found if name) for line, found in lines.items()}
        for file, lines in ((file, data.contexts_by_lineno(file)) for file in data.measured_files())
    }
    output.write_text(json.dumps({"seconds": collector.seconds, "names": names, "tests": tests}), encoding="utf-8")


def _clear_caches(folder: Path) -> None:
    """Of the functions in modules below a folder."""
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            for each in vars(module).values():
                if isinstance(each, functools._lru_cache_wrapper):
                    each.cache_clear()


def lines_of(source: str, line: int) -> range | None:
    """The lines of the statement that a line belongs to; None where it runs when the module is imported.

    Of a statement with a body, such as ``if``, the lines before the body.
    """
    found: range | None = None
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, (ast.FunctionDef, ast.Lambda)):
            continue
        for statement in _statements(function):
            lines = _header(statement)
            if line in lines and (found is None or len(lines) <= len(found)):
                found = lines
    return found


def _statements(function: ast.FunctionDef | ast.Lambda) -> Iterator[ast.stmt | ast.expr]:
    if isinstance(function, ast.Lambda):
        yield function.body
        return
    for statement in function.body:
        yield from (node for node in ast.walk(statement) if isinstance(node, (ast.stmt, ast.ExceptHandler)))  # type: ignore[misc]


def _header(node: ast.stmt | ast.expr) -> range:
    body = getattr(node, "body", None)
    assert node.end_lineno is not None
    if isinstance(body, list) and body:
        return range(node.lineno, max(node.lineno + 1, body[0].lineno))
    return range(node.lineno, node.end_lineno + 1)


def tests_of(reach: dict[str, Any], file: str, source: str, line: int) -> list[str]:
    """The tests to be run for a change of a line, the fastest first.

    Args:
        reach: what `collect` wrote.
        file: whole path of the source file.
    """
    names, lines = reach["names"], lines_of(source, line)
    by_line = reach["tests"].get(file, {})
    chosen = names if lines is None else [names[n] for n in {n for each in lines for n in by_line.get(str(each), ())}]
    return sorted(chosen, key=lambda name: (reach["seconds"][name], name))
