"""{binary, real-valued} x {batch norm, attention batch norm}: held-out accuracy over the epochs."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from signbit.inspect.figures.panels import by_norm, check_one_scale, curve, epochs_axis
from signbit.inspect.figures.style import COLUMN, NORM_COLOURS, NORM_NAMES, caption, new_figure
from signbit.inspect.runs import Run


def draw(runs: Sequence[Run]) -> tuple[Figure, str]:
    """Four curves; the band is the spread between seeds.

    Source:
        Gu et al. 2025, Entropy 27(6):645, figure 4.
    """
    binary = [run for run in runs if run.arguments.get("binary", True)]
    real = [run for run in runs if not run.arguments.get("binary", True)]
    figure = new_figure(COLUMN, 2.7)
    axes = figure.subplots()
    drawn = []
    for side, line, of_side in (("real-valued", (0, (4, 1.5)), real), ("binary", "-", binary)):
        for norm, series in by_norm(of_side, ("batch", "abn"), f"cross, {side} side,").items():
            curve(axes, series, "held_out_accuracy", f"{side}, {NORM_NAMES[norm]}", NORM_COLOURS[norm], line)
            drawn.append(series)
    check_one_scale(drawn, "cross")
    epochs_axis(axes, len(drawn[0].first["curves"]))
    axes.set_ylabel("held-out accuracy, %")
    axes.legend(loc="lower right")
    text = (
        "Held-out accuracy with batch norm (BN) and attention batch norm (ABN), in the binary network and in its "
        "real-valued twin; means over seeds, and a band from the lowest to the highest where there are several."
    )
    return figure, caption(text, drawn)
