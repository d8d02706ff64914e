"""Accuracy over the epochs of both stages, for networks of several sizes."""

from collections import Counter
from collections.abc import Sequence

from matplotlib.figure import Figure

from signbit.inspect.figures.panels import curve, epochs_axis
from signbit.inspect.figures.style import BLUE, COLUMN, GREEN, GREY, ORANGE, PINK, SKY, caption, new_figure
from signbit.inspect.runs import Run, series_of

_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY)
_LINES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1, 1, 1)), (0, (8, 2)))


def draw(runs: Sequence[Run]) -> tuple[Figure, str]:
    """One curve for each network; a line where the second stage begins.

    Raises:
        ValueError: there are no runs, more than five series, or one whose stages are not those of the others.

    Source:
        Shin and Kim 2022, PeerJ Computer Science 8:e842, figures 10 and 11.
    """
    found = series_of(runs)
    if not 1 <= len(found) <= len(_COLOURS):
        raise ValueError(f"presb-curves takes 1 to {len(_COLOURS)} series of runs, and there are {len(found)}")
    stages = {tuple(row["stage"] for row in series.first["curves"]): series.name for series in found}
    if len(stages) > 1:
        each = "; ".join(f"{name} has {_epochs(of_epochs)}" for of_epochs, name in stages.items())
        raise ValueError(f"presb-curves needs runs with the same epochs in each stage, and {each}")
    figure = new_figure(COLUMN, 2.5)
    axes = figure.subplots()
    for series, colour, line in zip(found, _COLOURS, _LINES, strict=False):
        curve(axes, series, "held_out_accuracy", series.name, colour, line)
    of_epochs = next(iter(stages))
    epochs_axis(axes, len(of_epochs))
    if of_epochs[-1] > 0:
        axes.axvline(of_epochs.index(of_epochs[-1]) + 0.5, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
    axes.set_ylabel("held-out accuracy, %")
    axes.legend(loc="lower right", handlelength=3)
    text = (
        "Held-out accuracy over the epochs of all stages; the dotted line is where the last stage, the one with binary "
        "weights, begins; means over seeds, and a band from the lowest to the highest where there are several."
    )
    return figure, caption(text, found)


def _epochs(stages: tuple[int, ...]) -> str:
    """Epochs of each stage: 5 + 10."""
    return " + ".join(str(count) for count in Counter(stages).values())
