"""The list of faults in the engine fits the engine, and its results are those of the list."""

from __future__ import annotations

import json

import pytest
from kernels import NOTICED, ROOT, SCORE, Mutant, Result, as_expected, mutated, read_list, summary, wilson

MUTANTS = read_list()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_file_has_the_text_once(mutant: Mutant) -> None:
    source = (ROOT / "engine/src" / mutant.file).read_text(encoding="utf-8")
    assert mutated(source, mutant) != source
    assert mutant.why


def test_names_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40


def test_the_committed_results_are_those_of_the_list() -> None:
    content = json.loads(SCORE.read_text(encoding="utf-8"))
    results = {name: Result(**entry) for name, entry in content["results"].items()}
    assert list(results) == [mutant.name for mutant in MUTANTS], "make mutants-kernels runs those that are new"
    assert content["summary"] == summary(MUTANTS, results)
    gaps = [mutant.name for mutant in MUTANTS if not as_expected(mutant, results)]
    assert not gaps


def test_the_interval_of_wilson() -> None:
    low, high = wilson(9, 10)
    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)  # Newcombe 1998, method 3
    assert wilson(10, 10)[1] == pytest.approx(1)


def test_a_fault_that_is_none_must_survive() -> None:
    mutant = Mutant("a", "b", "c", "d", "e", equivalent="nothing reads it")
    assert as_expected(mutant, {"a": Result("survived")})
    assert not any(as_expected(mutant, {"a": Result(outcome)}) for outcome in (*NOTICED, "does not compile"))


def test_a_text_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="2 times"):
        mutated("x x", Mutant("a", "b", "x", "y", "e"))
