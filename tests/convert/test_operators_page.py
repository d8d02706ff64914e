"""`docs/what-converts.md` says what the files of `lower/` say."""

from __future__ import annotations

from pathlib import Path

from signbit.convert import lower
from signbit.convert.operators_page import page

PAGE = Path(__file__).parents[2] / "docs" / "what-converts.md"


def test_the_committed_page_is_what_the_operators_say() -> None:
    command = "python -m signbit.convert.operators_page > docs/what-converts.md"
    assert PAGE.read_text() == page(), f"the page is stale: run {command}"


def test_every_operator_is_on_the_page() -> None:
    text = page()
    missing = [name for name in lower.names() if f"`{lower.rule_in(name).operator.removeprefix('aten::')}`" not in text]
    assert missing == []


def test_tables_have_as_many_cells_in_each_row() -> None:
    width = 0
    for line in page().splitlines():
        cells = line.replace("\\|", "").count("|")
        if not line.startswith("|"):
            width = 0
        elif width:
            assert cells == width, line
        else:
            width = cells
