"""The page `docs/results.md`: all tables, claims and figures, made from the results."""

from collections.abc import Mapping
from pathlib import Path

from signbit.inspect import claims, tables
from signbit.inspect.series import Series

_HEAD = """# Results

This page is made from the files in `results/`, by `make results`.

A tenth of the training set is held out and chooses the epoch; the test set is read once, at the end. Accuracies are in
percent: a mean over seeds, and the standard deviation between them where there are several. Most published figures were
chosen on the test set, which makes them higher than they would be otherwise. How to run these, and how to go on with
them: [Evidence](evidence.md).
"""


def results_page(series: Mapping[str, Series], figures: Path | None) -> str:
    """The page as Markdown.

    Args:
        figures: folder of the drawn figures, NAME.png with its caption NAME.txt, beside the page.
    """
    small, *others = ("small-scale", *(name for name in tables.NAMES if name != "small-scale"))
    parts = [_HEAD, tables.markdown(tables.make_table(small, series)), _claims(series)]
    parts += _figures(figures) if figures is not None else []
    parts += [tables.markdown(tables.make_table(name, series)) for name in others]
    return "\n".join(parts)


def _claims(series: Mapping[str, Series]) -> str:
    rows = tuple(finding.row() for finding in claims.find(series))
    return "\n".join(["## Claims", "", claims.RULE, "", *tables.markdown_rows(claims.COLUMNS, rows), ""])


def _figures(folder: Path) -> list[str]:
    drawn = sorted(path for path in folder.glob("*.png") if path.with_suffix(".txt").exists())
    parts = ["## Figures\n"] if drawn else []
    for path in drawn:
        caption = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
        parts.append(f"![{path.stem}]({folder.name}/{path.name})\n\n{caption}\n")
    return parts
