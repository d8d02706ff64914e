"""The papers' figures: one file a figure, each with `draw`, drawn from results and stored models."""

from signbit.extras import need

need("matplotlib", __name__)

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signbit.file_listing import file_names, import_named
from signbit.inspect.figures.style import in_style, save
from signbit.inspect.runs import Run

__all__ = ["Drawn", "draw", "names"]

_EXCLUDE = ("panels", "style")


@dataclass(frozen=True)
class Drawn:
    """The files of a figure, and its caption, which says what was run."""

    png: Path
    svg: Path
    caption: str


def names() -> list[str]:
    """Names of the figures."""
    return [name.replace("_", "-") for name in file_names(__file__, _EXCLUDE)]


def draw(name: str, runs: Sequence[Run], output: str | Path = ".") -> Drawn:
    """Draw a figure from runs: NAME.png, NAME.svg, and NAME.txt with the caption.

    Args:
        runs: by several seeds or one; which they have to be depends on the figure, and the message says it.

    Raises:
        ValueError: there is no such figure, or the runs are not those it needs.
        ModuleNotFoundError: captum is missing, for `gradcam`.
    """
    if name not in names():
        raise ValueError(f"no figure {name!r}; there are {', '.join(names())}")
    module = import_named(__name__, __file__, name.replace("-", "_"), _EXCLUDE)
    with in_style():
        figure, caption = module.draw(runs)
        png, svg = save(figure, Path(output) / name, caption)
    return Drawn(png, svg, caption)
