"""What the papers claim, and what our results say of it, by one rule for each kind of claim."""

import functools
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from signbit.inspect.series import Series
from signbit.inspect.spread import (
    Interval,
    difference_interval,
    mean_interval,
    smallest_visible_ratio,
    spread_ratio_interval,
)
from signbit.inspect.tables import PUBLISHED
from signbit.metrics.costs import Costs
from signbit.train.catalogue import count_model
from signbit.train.recipe_file import read_toml

Verdict = Literal["shown", "not shown", "one seed: cannot be told", "not comparable", "not yet run", "to be seen"]
MARGIN = 1.0  # points that count as none, where a claim says that nothing is lost or gained
COLUMNS = ("claim", "source", "verdict", "why", "scale")
RULE = (
    "Compared is the test accuracy of the epoch that the held-out images chose; of signs, the mean of each layer in "
    "the last epoch, averaged over the layers. A claim that one side is ahead is shown where the whole 95 % "
    "interval of Welch's t for the difference of the means, over seeds, is above zero. "
    f"That nothing is lost or gained is shown where that interval ends below {MARGIN:g} point (or the margin "
    "stated). "
    "That one side varies less is shown where the whole 95 % interval of Fisher's F for the ratio of the standard "
    "deviations is below 1. That a figure is reached is shown where the upper end of the 95 % interval of the mean "
    "(Student's t) is not below it. Costs are counted, as `signbit summary` does, and a factor is shown where ours "
    "is at most the claimed one. With one seed on a side nothing can be told, since none of these has a spread to "
    "go by, and sides of another data set, width or number of epochs are not comparable. `Not shown` says that our "
    "runs do not show it, not that it is false; where they show the opposite, that is said."
)


@dataclass(frozen=True)
class Finding:
    """A claim, what our results say of it, and at which scale."""

    claim: str
    source: str
    verdict: Verdict
    why: str
    scale: str

    def row(self) -> tuple[str, ...]:
        """One text for each of `COLUMNS`."""
        return (self.claim, self.source, self.verdict, self.why, self.scale)


class _Told(NamedTuple):
    verdict: Verdict
    why: str


def find(series: Mapping[str, Series]) -> list[Finding]:
    """A finding for each claim, at each scale that was run."""
    claims = read_toml(PUBLISHED / "claims.toml")["claims"]
    return [finding for claim in claims for finding in _findings(claim, series)]


def _findings(claim: dict[str, Any], series: Mapping[str, Series]) -> list[Finding]:
    if claim["kind"] == "to_be_seen":
        why = f"the paper gives no figure to measure it by; see the figure {claim['figure']}"
        return [Finding(claim["claim"], claim["source"], "to be seen", why, "")]
    if claim["kind"] == "counted":
        return [_counted(claim, **count) for count in claim["counts"]]
    run = [[series[name] for name in pair] for pair in claim.get("pairs", []) if all(name in series for name in pair)]
    found = [
        Finding(claim["claim"], claim["source"], *_told(claim, sides), _scale(sides)) for sides in run
    ]  # fmt: skip
    return found or [Finding(claim["claim"], claim["source"], "not yet run", "", "")]


def _told(claim: dict[str, Any], sides: list[Series]) -> _Told:
    if len({side.scale for side in sides}) > 1:
        return _Told("not comparable", "the two sides were not run at the same scale")
    if claim["kind"] in _OF_SIGNS:
        for side in sides:
            if not all("sign_means" in result["curves"][0] for result in side.results):
                return _Told("not yet run", f"{side.name} has no signs; train with --set record.activations=200")
    return _KINDS[claim["kind"]](sides, claim)


def _higher(sides: list[Series], claim: dict[str, Any]) -> _Told:
    return _ahead(*(side.percent("test_accuracy") for side in sides), unit=" points")


def _ahead(a: list[float], b: list[float], *, unit: str) -> _Told:
    """Whether a is ahead of b."""
    if min(len(a), len(b)) < 2:
        return _one_seed(f"the difference is {statistics.fmean(a) - statistics.fmean(b):+.2f}{unit}")
    interval = difference_interval(a, b)
    opposite = "; the opposite is" if interval.high < 0 else ""
    return _Told("shown" if interval.low > 0 else "not shown", _interval(interval, unit) + opposite)


def _at_most(sides: list[Series], claim: dict[str, Any]) -> _Told:
    a, b = (side.percent("test_accuracy") for side in sides)
    margin = claim.get("margin", MARGIN)
    if min(len(a), len(b)) < 2:
        return _one_seed(f"the difference is {statistics.fmean(a) - statistics.fmean(b):+.2f} points")
    interval = difference_interval(a, b)
    why = f"{_interval(interval, ' points')}, to stay below {margin:g}"
    return _Told("shown" if interval.high < margin else "not shown", why)


def _less_spread(sides: list[Series], claim: dict[str, Any]) -> _Told:
    a, b = (side.percent("test_accuracy") for side in sides)
    if min(len(a), len(b)) < 2:
        return _one_seed("a spread needs several")
    if len(set(b)) == 1:
        return _Told("not shown", "the other side does not vary at all")
    ratio = spread_ratio_interval(a, b)
    why = (
        f"standard deviations {statistics.stdev(a):.2f} and {statistics.stdev(b):.2f}, ratio {ratio.estimate:.2f} "
        f"({ratio.low:.2f} to {ratio.high:.2f}); with so few seeds only a ratio below "
        f"{smallest_visible_ratio(len(a), len(b)):.2f} could be told"
    )
    return _Told("shown" if ratio.high < 1 else "not shown", why)


def _reaches(sides: list[Series], claim: dict[str, Any]) -> _Told:
    values = sides[0].percent("test_accuracy")
    if len(values) < 2:
        return _one_seed(f"test accuracy {values[0]:.2f} %")
    interval = mean_interval(values)
    return _Told("shown" if interval.high >= claim["value"] else "not shown", _interval(interval, " %", "mean"))


def _signs_fall(sides: list[Series], claim: dict[str, Any]) -> _Told:
    changes = [_mean_sign(result["curves"][-1]) - _mean_sign(result["curves"][0]) for result in sides[0].results]
    if len(changes) < 2:
        return _one_seed(f"the mean sign of the layers changes by {changes[0]:+.3f} from the first epoch to the last")
    interval = mean_interval(changes)
    opposite = "; the opposite is" if interval.low > 0 else ""
    why = _interval(interval, "", "change of the mean sign") + opposite
    return _Told("shown" if interval.high < 0 else "not shown", why)


def _less_balanced(sides: list[Series], claim: dict[str, Any]) -> _Told:
    a, b = ([_imbalance(result["curves"][-1]) for result in side.results] for side in sides)
    told = _ahead(a, b, unit="")
    return _Told(told.verdict, f"mean of the layers' absolute mean sign, last epoch: {told.why}")


def _counted(claim: dict[str, Any], num_classes: int, real_input_1x1: str = "flop") -> Finding:
    """The cost of the first model as a part of the second's."""
    own, other = (getattr(_costs(model, num_classes, real_input_1x1), claim["cost"]) for model in claim["models"])
    verdict: Verdict = "shown" if own / other <= claim["ratio"] else "not shown"
    why = (
        f"{own / 1e6:.2f} M {claim['cost']} to {other / 1e6:.2f} M, a factor of {own / other:.3g}; "
        f"{claim['ratio']:.3g} is claimed"
    )
    rule = f", 1x1 of real values counted as {real_input_1x1}" if claim["cost"] == "ops" else ""
    return Finding(claim["claim"], claim["source"], verdict, why, f"{num_classes} classes{rule}")


@functools.cache
def _costs(model: str, num_classes: int, real_input_1x1: str) -> Costs:
    """For images of CIFAR's size."""
    return count_model(model, {"num_classes": num_classes, "image_size": 32}, real_input_1x1=real_input_1x1)


_KINDS: dict[str, Callable[[list[Series], dict[str, Any]], _Told]] = {
    "higher": _higher,
    "at_most": _at_most,
    "less_spread": _less_spread,
    "reaches": _reaches,
    "signs_fall": _signs_fall,
    "less_balanced": _less_balanced,
}
_OF_SIGNS = ("signs_fall", "less_balanced")


def _one_seed(why: str) -> _Told:
    return _Told("one seed: cannot be told", why)


def _mean_sign(row: dict[str, Any]) -> float:
    return statistics.fmean(row["sign_means"].values())


def _imbalance(row: dict[str, Any]) -> float:
    return statistics.fmean(abs(mean) for mean in row["sign_means"].values())


def _interval(interval: Interval, unit: str, what: str = "difference") -> str:
    sign = "" if what == "mean" else "+"
    low, high = (f"{end:{sign}.2f}" for end in interval[1:])
    return f"{what} {interval.estimate:{sign}.2f}{unit} ({low} to {high})"


def _scale(sides: list[Series]) -> str:
    _, width, epochs = sides[0].scale
    seeds = " and ".join(dict.fromkeys(str(len(side.results)) for side in sides))
    size = "full width" if width == 1 else f"width {width:g}"
    plural = "s"[: seeds != "1"]
    names = " and ".join(side.name for side in sides)
    return f"{names}: {sides[0].data()}, {size}, {epochs} epochs, {seeds} seed{plural}"
