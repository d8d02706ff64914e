"""What several figures share: curves with the spread between seeds, ridges of histograms, and finding the runs."""

import statistics
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from signbit.inspect.runs import Run, series_of
from signbit.inspect.series import Series

_KERNEL = np.array([1, 4, 6, 4, 1]) / 16
OVERLAP = 1.9  # how high the highest ridge is, in steps from one to the next


def by_norm(runs: Sequence[Run], norms: Sequence[str], figure: str) -> dict[str, Series]:
    """The series whose networks have these norms, in their order.

    Raises:
        ValueError: one is missing, two have the same norm, or they are of different scales; the message says what to
            give.
    """
    found: dict[str, Series] = {}
    for series in series_of(runs):
        norm = str(series.arguments.get("norm"))
        if norm not in norms or norm in found:
            why = f"{norm}, as {found[norm].name} has" if norm in found else norm
            raise ValueError(
                f"{series.name} has model.norm {why}; {figure} takes one series for each of {', '.join(norms)}"
            )
        found[norm] = series
    missing = [norm for norm in norms if norm not in found]
    if missing:
        raise ValueError(f"{figure} needs runs with model.norm {', '.join(missing)} too")
    check_one_scale(list(found.values()), figure)
    return {norm: found[norm] for norm in norms}


def check_one_scale(series: Sequence[Series], figure: str) -> None:
    """Raises: ValueError: data set, width or epochs differ; the message says whose."""
    scales = {each.scale: each.name for each in series}
    if len(scales) > 1:
        each = "; ".join(
            f"{name} has {data}, width {width:g}, {epochs} epochs" for (data, width, epochs), name in scales.items()
        )
        raise ValueError(f"{figure} compares runs of one data set, width and number of epochs, and {each}")


def curve(axes: Axes, series: Series, figure: str, label: str, colour: str, line: Any = "-") -> None:
    """The mean of a figure over seeds for each epoch, in percent; a band from the lowest to the highest seed."""
    rows = [[100 * value for value in values] for values in series.curve(figure)]
    epochs = range(1, len(rows[0]) + 1)
    across = list(zip(*rows, strict=True))
    if len(rows) > 1:
        low, high = [min(values) for values in across], [max(values) for values in across]
        axes.fill_between(epochs, low, high, color=colour, alpha=0.18, linewidth=0)
    means = [statistics.fmean(values) for values in across]
    axes.plot(epochs, means, color=colour, linestyle=line, label=label)


def epochs_axis(axes: Axes, epochs: int) -> None:
    """Whole epochs from 1."""
    axes.set_xlim(1, epochs)
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, nbins=6, min_n_ticks=2))
    axes.set_xlabel("epoch")


def histograms(series: Series, layer: str, what: str) -> list[dict[str, Any]]:
    """The histogram of a layer for each epoch, of the first seed that has them.

    Raises:
        ValueError: no result has them, and the message says how to record them; or the network has no such layer.
    """
    for result in series.results:
        rows = [row.get("activations") for row in result["curves"]]
        if all(rows):
            found = [e for row in rows for e in row if e["layer"] == layer and e["what"] == what]
            if len(found) < len(rows):
                raise ValueError(f"{series.name} has no {what} of a layer {layer}; give runs of one network")
            return found
    raise ValueError(
        f"{series.name} has no histograms; train with --set record.activations=200, and keep them in the result: "
        "activations = [0] in the queue, or signbit result --activations"
    )


def layers(series: Series, what: str) -> list[str]:
    """Layers that have such a histogram, from the first to the last."""
    for result in series.results:
        if "activations" in result["curves"][0]:
            return [entry["layer"] for entry in result["curves"][0]["activations"] if entry["what"] == what]
    return []


def ridges(axes: Axes, entries: Sequence[dict[str, Any]], limits: tuple[float, float], *, cut: float = 1.0) -> None:
    """One distribution above the other, the first epoch at the top; all of a panel have the same scale.

    Args:
        cut: quantile of the densities that is the highest shown; what is above is cut off.
    """
    densities = [_density(entry) for entry in entries]
    highest = float(np.quantile(np.concatenate([values for _, values in densities]), cut))
    densities = [(x, values.clip(max=highest)) for x, values in densities]
    colours = mpl.colormaps["viridis"](np.linspace(0.05, 0.85, len(entries)))
    for index, ((x, values), colour) in enumerate(zip(densities, colours, strict=True)):
        base = index + 1
        top = base - OVERLAP * values / highest  # the axis points down
        axes.fill_between(x, base, top, facecolor=colour, alpha=0.85, linewidth=0, zorder=index)
        axes.plot(x, top, color="white", linewidth=0.7, zorder=index)
    axes.set_xlim(*limits)
    axes.set_ylim(len(entries) + 0.3, 1 - OVERLAP - 0.1)
    axes.set_yticks(_ticks(len(entries)))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def limits_of(entries: Sequence[dict[str, Any]], tail: float = 0.01) -> tuple[float, float]:
    """Between which values all but the tails of the distributions lie."""
    low, high = [], []
    for entry in entries:
        counts = np.asarray(entry["counts"], dtype=float)
        edges = np.linspace(entry["low"], entry["high"], len(counts) + 1)
        share = np.concatenate([[0], np.cumsum(counts) / counts.sum()])
        low.append(float(np.interp(tail, share, edges)))
        high.append(float(np.interp(1 - tail, share, edges)))
    margin = 0.05 * (max(high) - min(low))
    return min(low) - margin, max(high) + margin


def _density(entry: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    counts = np.asarray(entry["counts"], dtype=float)
    edges = np.linspace(entry["low"], entry["high"], len(counts) + 1)
    if len(counts) == 1:  # all values are the same
        return np.array([entry["low"] - 1e-3, entry["low"], entry["low"] + 1e-3]), np.array([0.0, 1.0, 0.0])
    # Takes out the comb that bins make of integers; what lies at the ends, such as those of hardtanh, stays there.
    counts[1:-1] = np.convolve(np.pad(counts[1:-1], 2, mode="edge"), _KERNEL, mode="valid")
    middles = (edges[:-1] + edges[1:]) / 2
    density = counts / counts.sum() / (edges[1] - edges[0])
    ends = [0.0]
    return np.concatenate([edges[:1], middles, edges[-1:]]), np.concatenate([ends, density, ends])


def _ticks(epochs: int) -> list[int]:
    step = max(1, round(epochs / 5))
    return sorted({1, *range(step, epochs + 1, step), epochs} - ({2} if step > 2 else set()))
