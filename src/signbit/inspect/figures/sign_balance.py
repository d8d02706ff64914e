"""How balanced the signs are: the real values before them, and the sum of the signs, for each epoch."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from signbit.inspect.figures.panels import by_norm, histograms, layers, limits_of, ridges
from signbit.inspect.figures.style import NORM_COLOURS, NORM_NAMES, PAGE, caption, new_figure
from signbit.inspect.runs import Run

_CUT = 0.965  # of the bins: the ends of hardtanh, where many values are, would leave no height for all others
_MARKERS = {"batch": "o", "abn": "s"}


def draw(runs: Sequence[Run]) -> tuple[Figure, str]:
    """Ridges of both norms, and the sums beside them, of the sign in the middle of the network.

    Source:
        Gu et al. 2025, Entropy 27(6):645, figure 3.
    """
    norms = by_norm(runs, ("batch", "abn"), "sign-balance")
    names = layers(norms["batch"], "sign_input") or layers(norms["abn"], "sign_input") or [""]
    layer = names[len(names) // 2]
    entries = {norm: histograms(series, layer, "sign_input") for norm, series in norms.items()}
    limits = limits_of([entry for both in entries.values() for entry in both])
    figure = new_figure(PAGE, 2.9)
    grid = figure.subplots(1, 3, sharey=True)
    for axes, norm in zip(grid, norms, strict=False):
        ridges(axes, entries[norm], limits, cut=_CUT)
        axes.axvline(0, color="black", linewidth=0.5, linestyle=(0, (2, 2)), zorder=50)
        axes.set_title(f"{NORM_NAMES[norm]}: values before the sign")
    grid[0].set_ylabel("epoch")
    sums = grid[2]
    for norm, of_norm in entries.items():
        epochs = range(1, len(of_norm) + 1)
        values = [entry["sign_sum"] for entry in of_norm]
        colour = NORM_COLOURS[norm]
        sums.plot(values, epochs, color=colour, marker=_MARKERS[norm], markersize=3)
        place = (values[-1], epochs[-1])
        sums.annotate(NORM_NAMES[norm], place, (6, 0), textcoords="offset points", va="center", color=colour)
    sums.axvline(0, color="black", linewidth=0.5, linestyle=(0, (2, 2)))
    sums.xaxis.set_major_locator(mpl.ticker.MaxNLocator(nbins=4))
    sums.set_title("sum of the signs, one image")
    sums.tick_params(axis="y", length=0)
    text = (
        f"The values before the sign {layer} on held-out images, epoch by epoch from the top, with batch norm (BN) and "
        "attention batch norm (ABN), slightly smoothed; the peaks at the ends of hardtanh are cut off. Right, the sum "
        "of its signs for one image: below zero, more of them are -1."
    )
    return figure, caption(text, list(norms.values()))
