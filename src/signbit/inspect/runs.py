"""What figures are drawn from: a run folder, or a result file with the model stored beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from signbit.data import Splits
from signbit.inspect.series import Series, in_series
from signbit.train import Recipe
from signbit.train.checkpoint import load_checkpoint
from signbit.train.recipe import check_recipe
from signbit.train.result import Result, read_result, without_seed
from signbit.train.stored_model import load_stored_model, stored_beside


@dataclass(frozen=True)
class Run:
    """One finished run.

    Args:
        path: a run folder, or a result file; its model is looked for in `models/` beside it.
        result: what `read_result` gives.
        data_dir: of the data sets.
    """

    path: Path
    result: Result
    data_dir: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Of the network, every default written out."""
        arguments: dict[str, Any] = self.result["model"]["arguments"]
        return arguments

    def model(self) -> nn.Module:
        """The model of the best epoch. Raises: CheckpointError."""
        if self.path.is_dir():
            return load_checkpoint(self.path)[0]
        return load_stored_model(stored_beside(self.path))[0]

    def data(self) -> Splits:
        """The data it was trained with. Raises: DataError."""
        recipe: Recipe = check_recipe(self.result["recipe"], str(self.path))
        return recipe.data.load(self.data_dir)


def open_runs(paths: Iterable[str | Path], data_dir: str | None = None) -> list[Run]:
    """Run folders and result files.

    Raises:
        ResultError: a file is no result.
        CheckpointError: a folder holds no finished run.
    """
    return [Run(Path(path), read_result(path), data_dir) for path in paths]


def series_of(runs: Iterable[Run]) -> list[Series]:
    """The runs, seeds together; the runs of folders go by what the folder is called without `-seedN`."""
    results = [run.result | {"name": without_seed(run.result["name"])} for run in runs]
    return list(in_series(results).values())
