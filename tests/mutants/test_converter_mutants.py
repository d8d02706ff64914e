"""The tool that draws and counts mutants of the converter, and the score that is committed."""

from __future__ import annotations

import json
from pathlib import Path

import converter
import pytest

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
