"""docs/networks.md: its table of costs is that of the code, and what it says of conversion is what happens."""

import re
from pathlib import Path

import pytest
from every_network import build, pixels

from signbit import models
from signbit.convert import convert
from signbit.errors import ConvertError
from signbit.train.catalogue import count_model

PAGE = Path(__file__).parents[2] / "docs/networks.md"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def section(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Of the tables below a heading, without their headings."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [cells(line) for line in lines if not re.match(r"\|[-: |]+$", line)][1:]


def names_in(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def refused() -> dict[str, str]:
    """The op that each refused network lacks, by the page."""
    return {name: op.strip("`") for op, networks in rows("What converts today") for name in names_in(networks)}


def converted() -> list[str]:
    return names_in(section("What converts today").split("\n|")[0])


@pytest.mark.parametrize("row", rows("What each costs"), ids=lambda row: row[0].strip("`"))
def test_costs(row: list[str]) -> None:
    """Where it fails, `signbit models` prints what the row has to be."""
    costs = count_model(row[0].strip("`"), {})
    assert row[1:4] == [f"{costs.parameters:,}", f"{costs.ops:,.0f}", f"{costs.bytes:,}"]


def test_every_network_has_a_row_and_a_paragraph() -> None:
    assert [row[0].strip("`") for row in rows("What each costs")] == models.names()
    paragraphs = section("The families, and what is particular to each")
    families = {models.family_of(name): name for name in reversed(models.names())}
    assert [name for name in families.values() if f"`{name}`" not in paragraphs] == []


def test_sources_are_those_of_the_docstrings() -> None:
    for name, *_, source in rows("What each costs"):
        stated = models.family_function(name.strip("`")).__doc__
        for part in source.split("; "):
            found = re.fullmatch(r"\w+ (\d{4}), ((?:arXiv|doi):\S+)", part)
            assert found
            assert all(words in stated for words in found.groups())


def test_every_network_converts_or_is_refused() -> None:
    assert sorted([*converted(), *refused()]) == sorted(models.names())


@pytest.mark.slow
@pytest.mark.parametrize("name", [*converted(), *{op: name for name, op in reversed(refused().items())}.values()])
def test_one_network_of_each_row_of_what_converts(name: str) -> None:
    model = build(name, width=0.05).eval()
    if name in refused():
        with pytest.raises(ConvertError, match=re.escape(refused()[name])):
            convert(model, pixels(2))
    else:
        convert(model, pixels(2))
