"""Attention batch norm, with a learned factor, and without its bias: held-out accuracy over the epochs."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from signbit.inspect.figures.panels import by_norm, curve, epochs_axis
from signbit.inspect.figures.style import COLUMN, NORM_COLOURS, NORM_LINES, NORM_NAMES, caption, new_figure
from signbit.inspect.runs import Run


def draw(runs: Sequence[Run]) -> tuple[Figure, str]:
    """Three curves; the band is the spread between seeds.

    Source:
        Gu et al. 2025, Entropy 27(6):645, figure 5.
    """
    norms = by_norm(runs, ("abn", "abn_scale", "abn_no_bias"), "ablation")
    figure = new_figure(COLUMN, 2.5)
    axes = figure.subplots()
    for norm, series in norms.items():
        curve(axes, series, "held_out_accuracy", NORM_NAMES[norm], NORM_COLOURS[norm], NORM_LINES[norm])
    epochs_axis(axes, len(norms["abn"].first["curves"]))
    axes.set_ylabel("held-out accuracy, %")
    axes.legend(loc="lower right", handlelength=3)
    text = (
        "Held-out accuracy with attention batch norm (ABN), with a learned factor added to it (+gamma), and without "
        "its bias (-beta); means over seeds, and a band from the lowest to the highest where there are several."
    )
    return figure, caption(text, list(norms.values()))
