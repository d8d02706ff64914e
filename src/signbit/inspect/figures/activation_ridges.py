"""Input, normalised values and output of a norm, stacked over the epochs: batch norm against attention batch norm."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from signbit.inspect.figures.panels import by_norm, histograms, layers, limits_of, ridges
from signbit.inspect.figures.style import NORM_NAMES, PAGE, caption, new_figure
from signbit.inspect.runs import Run

_STEPS = {"input": "input  $x$", "normalised": r"normalised  $\hat{x}$", "output": "output  $y$"}


def draw(runs: Sequence[Run]) -> tuple[Figure, str]:
    """Two rows, one for each norm, of the norm in the middle of the network.

    Source:
        Gu et al. 2025, Entropy 27(6):645, figure 2.
    """
    norms = by_norm(runs, ("batch", "abn"), "activation-ridges")
    names = layers(norms["batch"], "output") or layers(norms["abn"], "output") or [""]
    layer = names[len(names) // 2]
    figure = new_figure(PAGE, 4.6)
    grid = figure.subplots(2, 3, sharex="col")
    for column, (what, title) in enumerate(_STEPS.items()):
        entries = {norm: histograms(series, layer, what) for norm, series in norms.items()}
        limits = limits_of([entry for both in entries.values() for entry in both])
        for row, norm in enumerate(norms):
            axes = grid[row, column]
            ridges(axes, entries[norm], limits)
            axes.axvline(0, color="black", linewidth=0.5, linestyle=(0, (2, 2)), zorder=50)
            if row == 0:
                axes.set_title(title)
            if column == 0:
                axes.set_ylabel(f"{NORM_NAMES[norm]}\nepoch")
    text = (
        f"Distributions around the norm {layer} on held-out images, epoch by epoch from the top: its input, the "
        "normalised values before factor, sigmoid or bias, and its output. Above: batch norm (BN). Below: attention "
        "batch norm (ABN), whose output is bent at the left. All ridges of a panel have the same scale, and are "
        "slightly smoothed."
    )
    return figure, caption(text, list(norms.values()))
