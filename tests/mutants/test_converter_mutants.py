"""The tool that draws and counts mutants of the converter, and the score that is committed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import converter
import pytest
import reached

SCORE = Path(converter.__file__).with_name("converter-score.json")


def test_meaning_leaves_out_annotations_and_messages() -> None:
    one = 'def f(x: int | None) -> int:\n    """Words."""\n    raise ValueError(f"{x} is wrong")\n'
    assert converter.meaning(one) == converter.meaning(one.replace("int | None", "int + None"))
    assert converter.meaning(one) == converter.meaning(one.replace("is wrong", "is right"))
    assert converter.meaning(one) != converter.meaning(one.replace("ValueError", "TypeError"))


def test_wilson() -> None:
    """Wilson's interval of 0 of 10 and of 95 of 100, by hand."""
    assert converter.wilson(0, 0) == (0.0, 1.0)
    assert converter.wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert converter.wilson(95, 100) == pytest.approx((0.8882, 0.9785), abs=1e-4)


def test_the_report_leaves_equivalent_mutants_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = '[[survivor]]\nfile = "a"\nbefore = "x"\nafter = "y"\nequivalent = true\nreason = "the same"\n'
    (tmp_path / "reasons.toml").write_text(reasons)
    monkeypatch.setattr(converter, "HERE", tmp_path)
    mutant = {"file": "a", "line": 1, "before": "x", "seconds": 1.0}
    outcomes = [
        mutant | {"after": "y", "outcome": "survived"},
        mutant | {"after": "z", "outcome": "survived"},
        mutant | {"after": "1", "outcome": "killed"},
        mutant | {"after": "2", "outcome": "timeout"},
    ]
    found = converter.report(outcomes)
    assert (found["killed"], found["equivalent"], found["score"]) == (2, 1, round(2 / 3, 4))
    assert [survivor["reason"] for survivor in found["survivors"]] == ["the same", ""]


def test_the_committed_score_is_that_of_its_mutants() -> None:
    """Every survivor is listed; those without a reason are gaps that are still open."""
    if not SCORE.exists():
        pytest.skip("make mutants has not been run yet: there is no score to look at")
    score = json.loads(SCORE.read_text(encoding="utf-8"))
    assert score == converter.report(score["mutants"])
    assert 0 < score["run"] <= score["sample"] == converter.SAMPLE
    assert len({converter.key(mutant) for mutant in score["mutants"]}) == score["run"]
    assert score["score"] >= 0.9


CODE = """\
LIMIT = 3


def f(x, y=2):
    if (x
            > LIMIT):
        return g(
            x,
            y,
        )
    try:
        return [each
                for each in x]
    except ValueError:
        return lambda: (
            x)


class A:
    def h(self):
        def inner():
            return 1
        return inner
"""


@pytest.mark.parametrize(
    ("line", "lines"),
    [(1, None), (4, None), (5, [5, 6]), (6, [5, 6]), (8, [7, 8, 9, 10]), (13, [12, 13]), (14, [14]), (16, [16]),
     (19, None), (20, None), (21, [21]), (22, [22])],
)  # fmt: skip
def test_lines_of_a_statement(line: int, lines: list[int] | None) -> None:
    found = reached.lines_of(CODE, line)
    assert (found and list(found)) == lines


def test_the_tests_of_a_statement_are_those_that_run_it_the_fastest_first() -> None:
    lines = {"5": [0, 2], "8": [1], "21": []}
    reach = {"names": ["a", "b", "c"], "seconds": {"a": 3.0, "b": 1.0, "c": 2.0}, "tests": {"f.py": lines}}
    assert reached.tests_of(reach, "f.py", CODE, 6) == ["c", "a"]
    assert reached.tests_of(reach, "f.py", CODE, 9) == ["b"]
    assert reached.tests_of(reach, "f.py", CODE, 21) == reached.tests_of(reach, "g.py", CODE, 8) == []
    assert reached.tests_of(reach, "f.py", CODE, 1) == ["b", "c", "a"]


def test_which_tests_run_which_line(tmp_path: Path) -> None:
    """In a process of its own: coverage.py looks on while pytest runs."""
    pytest.importorskip("coverage", reason="coverage is not installed; make mutants installs it")
    (tmp_path / "source").mkdir()
    (tmp_path / "source/module_of_two.py").write_text("def f(x):\n    if x:\n        return 1\n    return 2\n")
    (tmp_path / "test_two.py").write_text(
        "from functools import cache\n\nfrom module_of_two import f\n\n\n@cache\ndef one():\n    return f(1)\n\n\n"
        "def test_a():\n    assert one() == 1\n\n\ndef test_b():\n    assert one() == 1\n\n\n"
        "def test_c():\n    assert f(0) == 2\n"
    )
    program = (
        "import sys, pytest, reached\nfrom pathlib import Path\n"
        "run = lambda plugins: pytest.main(['-q', '-p', 'no:cacheprovider', 'test_two.py'], plugins=plugins)\n"
        "reached.collect([Path('source').resolve()], run, Path('reach.json').resolve())\n"
    )
    path = os.pathsep.join([str(tmp_path / "source"), str(Path(reached.__file__).parent)])
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, check=True, capture_output=True)
    reach = json.loads((tmp_path / "reach.json").read_text())
    file = tmp_path / "source/module_of_two.py"
    chosen = [reached.tests_of(reach, str(file.resolve()), file.read_text(), line) for line in (2, 3, 4)]
    assert [sorted(name[-1] for name in names) for names in chosen] == [["a", "b", "c"], ["a", "b"], ["c"]]
