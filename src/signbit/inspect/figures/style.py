"""How all figures look: sizes, fonts, and colours that can be told apart without seeing red or green."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from signbit.inspect.series import Series

COLUMN, PAGE = 3.4, 7.0  # inches: the widths of a paper's column and page
DOTS = 220  # an inch
# Okabe and Ito's palette.
BLUE, ORANGE, GREEN, PINK, SKY, YELLOW, BLACK, GREY = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8A8A8A",
)  # fmt: skip
NORM_COLOURS = {"batch": BLUE, "abn": ORANGE, "abn_scale": GREEN, "abn_no_bias": PINK}
NORM_NAMES = {"batch": "BN", "abn": "ABN", "abn_scale": r"ABN $+\gamma$", "abn_no_bias": r"ABN $-\beta$"}
NORM_LINES: dict[str, Any] = {"batch": "-", "abn": "-", "abn_scale": (0, (5, 1.5)), "abn_no_bias": (0, (1.5, 1.2))}

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.5,
    "figure.facecolor": "white",
    "svg.hashsalt": "signbit",
    "svg.fonttype": "none",
}


@contextlib.contextmanager
def in_style() -> Iterator[None]:
    """Draw with these settings, whatever the user's own are, and without a display."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def new_figure(width: float, height: float) -> Figure:
    """A figure that no window shows; its parts find their own places."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, stem: Path, caption: str) -> tuple[Path, Path]:
    """Write STEM.png, STEM.svg and STEM.txt; without a date, so that the same runs give the same files."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    png, svg, text = (stem.with_name(stem.name + suffix) for suffix in (".png", ".svg", ".txt"))
    figure.savefig(png, dpi=DOTS, metadata={"Software": None, "Description": caption}, pil_kwargs={"optimize": True})
    figure.savefig(svg, metadata={"Date": None, "Creator": None, "Description": caption})
    text.write_text(caption + "\n", encoding="utf-8")
    return png, svg


def caption(what: str, series: Sequence[Series]) -> str:
    """What is drawn, and what was run for it."""
    said = list(dict.fromkeys(_said(each) for each in series))
    runs = "; ".join(f"{each.name} (seed{'s'[: len(each.seeds) > 1]} {_listed(each.seeds)})" for each in series)
    return f"{what} Runs: {runs}. {' '.join(said)}"


def _said(series: Series) -> str:
    recipe, images = series.first["recipe"], series.first["images"]
    epochs = len(series.first["curves"])
    counts = ", ".join(f"{images[part]:,} {word}" for part, word in _PARTS.items() if images[part])
    return (
        f"{series.network()}: {series.data()}, {counts} images; {epochs} epochs, "
        f"batch {recipe['train']['batch_size']}, {series.first['precision']}; {series.hardware()}."
    )


_PARTS = {"train": "training", "held_out": "held-out", "test": "test"}


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(str(seed) for seed in seeds)
