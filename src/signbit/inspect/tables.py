"""The papers' tables: what was published next to what our results show."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signbit.inspect.series import Series, mean_and_deviation
from signbit.train.recipe_file import read_toml

PUBLISHED = Path(__file__).parent / "published"
NAMES = ("abn", "presb-initialisation", "presb-cifar", "presb-ablation", "bnfree", "small-scale")
COLUMNS = (
    "what", "data", "published", "run", "held out", "test", "test, last epoch", "test top-5", "seeds", "epochs",
    "width",
)  # fmt: skip
NOT_RUN = "not run"


@dataclass(frozen=True)
class Table:
    """A table as text.

    Args:
        rows: one text for each of the columns.
        hardware: of the runs in it, and their precision.
    """

    name: str
    title: str
    source: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    hardware: tuple[str, ...]


def make_table(name: str, series: Mapping[str, Series]) -> Table:
    """A table by name, from the series of `in_series`.

    Accuracies are means in percent, with the standard deviation between seeds (n - 1) where there are several. The
    epoch with the highest held-out accuracy is the one under `held out`, `test` and `test top-5`; the test set was read
    once.

    Raises:
        ValueError: there is no such table; the message lists those there are.
    """
    if name not in NAMES:
        raise ValueError(f"no table {name!r}; there are {', '.join(NAMES)}")
    published = read_toml(PUBLISHED / f"{name}.toml")
    stage: int | None = published.get("stage")
    rows, used = list[tuple[str, ...]](), dict[str, Series]()
    for row in published["rows"]:
        found = [series[run] for run in row.get("runs", []) if run in series]
        used |= {each.name: each for each in found}
        what = (row["what"], row.get("data", ""), _published(row, name))
        rows += [(*what, *_ours(each, stage)) for each in found] or [(*what, NOT_RUN, *[""] * (len(COLUMNS) - 4))]
    columns: tuple[str, ...] = COLUMNS
    if name == "small-scale":  # nothing was published there, and the run says what the data are
        rows = [(row[0], *row[3:]) for row in rows]
        columns = (COLUMNS[0], *COLUMNS[3:])
    hardware = dict.fromkeys(f"{each.hardware()}, {each.first['precision']}" for each in used.values())
    return Table(
        name, published["title"], published["source"], published["note"], columns, tuple(rows), tuple(hardware)
    )


def markdown(table: Table) -> str:
    """The table as Markdown, with its title, source and note."""
    lines = [f"## {table.title}", "", f"{table.source}. {table.note}", ""]
    lines += markdown_rows(table.columns, table.rows)
    if table.hardware:
        lines += ["", f"Run on: {'; '.join(table.hardware)}."]
    return "\n".join(lines) + "\n"


def markdown_rows(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[str]:
    """Lines of a Markdown table."""
    escaped = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    return [f"| {' | '.join(row)} |" for row in (columns, ("---",) * len(columns), *escaped)]


def _published(row: dict[str, Any], table: str) -> str:
    words = {"top1": "{}", "final": "{} last epoch", "best": "{} best", "top5": "{} top-5"}
    found = [words[key].format(f"{row[key]:.2f}") for key in words if key in row]
    return ", ".join(found) or ("lost" if table == "abn" else "")


def _ours(series: Series, stage: int | None) -> tuple[str, ...]:
    _, width, epochs = series.scale
    shared = (str(len(series.results)), str(epochs), f"{width:g}")
    run = f"{series.name}, {series.data()}"
    if stage is not None:
        rows = [[row for row in result["curves"] if row["stage"] == stage] for result in series.results]
        held_out = [100 * max(row["held_out_accuracy"] for row in of_stage) for of_stage in rows]
        return (run, mean_and_deviation(held_out), "", "", "", shared[0], str(len(rows[0])), shared[2])
    return (
        run,
        mean_and_deviation(series.percent("held_out_accuracy")),
        mean_and_deviation(series.percent("test_accuracy")),
        mean_and_deviation(series.percent("test_accuracy", "final")),
        _mean(series.percent("test_top5_accuracy")),
        *shared,
    )


def _mean(values: list[float]) -> str:
    return f"{statistics.fmean(values):.2f}"
