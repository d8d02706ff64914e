"""PresB-Net without one part each: the published steps from the whole network, and ours."""

import statistics
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from signbit.inspect.figures.panels import check_one_scale
from signbit.inspect.figures.style import BLACK, COLUMN, GREY, ORANGE, caption, new_figure
from signbit.inspect.runs import Run, series_of
from signbit.inspect.series import Series
from signbit.inspect.spread import deviation
from signbit.inspect.tables import PUBLISHED
from signbit.train.recipe_file import read_toml

_HEIGHT = 0.36


def draw(runs: Sequence[Run]) -> tuple[Figure, str]:
    """Bars of what each change costs in points of test accuracy; ours with the standard deviation between seeds.

    Raises:
        ValueError: the whole network is not among the runs, or none of the changed ones is; or they are of different
            scales.

    Source:
        Shin and Kim 2022, PeerJ Computer Science 8:e842, figure 13 and table 5.
    """
    rows = read_toml(PUBLISHED / "presb-ablation.toml")["rows"]
    series = {each.name: each for each in series_of(runs)}
    ours = [next((series[name] for name in row["runs"] if name in series), None) for row in rows]
    whole, changed = ours[0], ours[1:]
    if whole is None or not any(changed):
        names = ", ".join(name for row in rows for name in row["runs"])
        raise ValueError(
            f"presb-ablation needs the whole network and at least one that is changed, named as in {names}"
        )
    check_one_scale([each for each in ours if each is not None], "presb-ablation")
    figure = new_figure(COLUMN, 3.0)
    axes = figure.subplots()
    base = statistics.fmean(whole.percent("test_accuracy"))
    for index, (row, found) in enumerate(zip(rows[1:], changed, strict=True)):
        axes.barh(index - _HEIGHT / 2, row["final"] - rows[0]["final"], _HEIGHT, color=GREY)
        _bar(axes, index + _HEIGHT / 2, found, base)
    axes.axvline(0, color=BLACK, linewidth=0.6)
    axes.set_yticks(range(len(changed)), [row["what"] for row in rows[1:]])
    axes.set_ylim(len(changed) - 0.4, -0.6)  # the first at the top
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("change of test accuracy, points")
    for colour, label in ((GREY, "published"), (ORANGE, "ours")):
        axes.barh(0, 0, color=colour, label=label)
    figure.legend(loc="outside upper center", ncols=2)
    text = (
        "What leaving out or changing one part of PresB-Net costs. Published: PresB-Net-18, CIFAR-100, 400 and 400 "
        f"epochs, one run each. Ours: at the best held-out epoch, from {base:.2f} % of the whole network; the lines "
        "are standard deviations between seeds, where there are several."
    )
    return figure, caption(text, [each for each in ours if each is not None])


def _bar(axes: Axes, place: float, found: Series | None, base: float) -> None:
    if found is None:
        axes.text(0, place, " not run", va="center", fontsize=6, color=ORANGE)
        return
    values = found.percent("test_accuracy")
    step = statistics.fmean(values) - base
    axes.barh(place, step, _HEIGHT, color=ORANGE)
    spread = deviation(values)
    if spread is not None:
        axes.errorbar(step, place, xerr=spread, color=BLACK, linewidth=0.8, capsize=2)
