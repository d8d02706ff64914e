"""Results that differ in their seed alone, taken together."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from signbit.inspect.spread import deviation
from signbit.train.recipe import check_recipe
from signbit.train.result import Result, ResultError

DATA_NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "digits": "digits", "mnist": "MNIST"}


@dataclass(frozen=True)
class Series:
    """One experiment, by one or several seeds.

    Args:
        name: of the experiment.
        results: one for each seed.
    """

    name: str
    results: tuple[Result, ...]

    @property
    def first(self) -> Result:
        """The result of the first seed; all others have its recipe."""
        return self.results[0]

    @property
    def arguments(self) -> dict[str, Any]:
        """Of the network, every default written out."""
        arguments: dict[str, Any] = self.first["model"]["arguments"]
        return arguments

    @property
    def seeds(self) -> list[int]:
        """In the order of the results."""
        return [result["seed"] for result in self.results]

    @property
    def scale(self) -> tuple[str, float, int]:
        """Data set, width and epochs: what two series must share to be compared."""
        return self.first["recipe"]["data"]["name"], float(self.arguments.get("width", 1)), len(self.first["curves"])

    def percent(self, figure: str, at: str = "best") -> list[float]:
        """A figure such as `test_accuracy` for each seed, at the `best` or the `final` epoch, in percent."""
        return [100 * result[at][figure] for result in self.results]

    def curve(self, figure: str) -> list[list[float]]:
        """A figure of each epoch for each seed."""
        return [[row[figure] for row in result["curves"]] for result in self.results]

    def network(self) -> str:
        """The network in a few words."""
        width, inflation = self.scale[1], self.arguments.get("inflation")
        words = [f"width {width:g}"] * (width != 1) + [f"inflation {inflation}"] * (inflation is not None)
        real = "" if self.arguments.get("binary", True) else "real-valued "
        return f"{real}{self.first['model']['name']}" + (f" ({', '.join(words)})" if words else "")

    def data(self) -> str:
        """The data set by the name people know."""
        return DATA_NAMES.get(self.scale[0], self.scale[0])

    def hardware(self) -> str:
        """Every machine of the runs."""
        found = dict.fromkeys(_machine(result) for result in self.results)
        return "; ".join(found)


def in_series(results: Iterable[Result]) -> dict[str, Series]:
    """The results by name, seeds together.

    Raises:
        ResultError: two of one name have different recipes, or the same seed.
    """
    found: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: int(result["seed"])):
        found.setdefault(result["name"], []).append(result)
    for name, same in found.items():
        if len({result["seed"] for result in same}) < len(same):
            raise ResultError(f"two results of {name} have the same seed; give each run once")
        other = next((result for result in same if _without_seed(result) != _without_seed(same[0])), None)
        if other is not None:
            seeds = f"seed {same[0]['seed']} and seed {other['seed']}"
            raise ResultError(f"{name}: the runs by {seeds} have different recipes; name one otherwise")
    return {name: Series(name, tuple(same)) for name, same in found.items()}


def mean_and_deviation(values: Sequence[float]) -> str:
    """`77.84`, or `77.84 +- 0.21` of several seeds."""
    spread = deviation(values)
    return f"{statistics.fmean(values):.2f}" + ("" if spread is None else f" ± {spread:.2f}")


def _machine(result: Result) -> str:
    hardware, threads = result["hardware"], result["threads"]
    processor = hardware["processor"] or hardware["machine"]
    return hardware["accelerator"] or f"{processor}, {threads} thread{'s'[: threads > 1]}"


def _without_seed(result: Result) -> dict[str, Any]:
    """The recipe with every default of this version, which an older result lacks, and without what may differ."""
    recipe = check_recipe(result["recipe"], f"the result {result['name']}-seed{result['seed']}").model_dump()
    train = {key: value for key, value in recipe["train"].items() if key not in ("seed", "threads")}
    data = {key: value for key, value in recipe["data"].items() if key != "folder"}
    return recipe | {"train": train, "data": data, "record": None}
