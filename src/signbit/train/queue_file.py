"""A queue of runs as data: which recipes, with which changes, by which seeds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from signbit.errors import RecipeError
from signbit.train.recipe import Recipe, load_recipe
from signbit.train.recipe_file import explain, read_toml

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def _file_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name becomes that of a file: lower case, digits, and - _ . within")
    return name


def _distinct(seeds: list[int]) -> list[int]:
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds are {seeds}; give each once")
    return seeds


Seeds = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1), AfterValidator(_distinct)]


class RunSection(BaseModel):
    """Runs of one recipe, which differ in their seed alone.

    Args:
        name: of the runs and their results: NAME-seed0, NAME-seed1, ...
        recipe: the name of one that comes with signbit, or a path from where the queue is started.
        set: changes of the recipe, after those of the whole queue.
        seeds: in place of those of the whole queue.
        activations: seeds whose results keep the histograms of the activations.
        models: seeds whose models are stored beside their results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, AfterValidator(_file_name)]
    recipe: str
    set: list[str] = []
    seeds: Seeds | None = None
    activations: list[int] = []
    models: list[int] = []


class QueueFile(BaseModel):
    """A queue: what all runs share, and the runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    set: list[str] = []
    seeds: Seeds = [0]
    runs: list[RunSection] = Field(min_length=1)

    @model_validator(mode="after")
    def _names(self) -> "QueueFile":
        names = [run.name for run in self.runs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two runs are named {twice[0]!r}; name one of them otherwise")
        return self


@dataclass(frozen=True)
class Job:
    """One run of a queue.

    Args:
        section: what the queue file says of it.
        overrides: all changes of the recipe, the seed included, as `signbit train --set` takes them.
    """

    section: RunSection
    seed: int
    overrides: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of its run folder and its result."""
        return f"{self.section.name}-seed{self.seed}"

    def recipe(self) -> Recipe:
        """Raises: RecipeError."""
        return load_recipe(self.section.recipe, self.overrides)


def read_queue(path: str | Path) -> list[Job]:
    """The runs of a queue file in the order in which they are done: the first seed of each, then the second of each.

    One thread each, unless a `set` says otherwise.

    Raises:
        RecipeError: the file is missing, or a key or a value in it is wrong; the message names it and the choices.
    """
    values: dict[str, Any] = read_toml(Path(path))
    try:
        queue = QueueFile.model_validate(values)
    except ValidationError as error:
        raise RecipeError(explain(error, QueueFile, str(path))) from error
    rounds = zip_longest(*(_jobs(queue, run) for run in queue.runs))
    return [job for one_of_each in rounds for job in one_of_each if job is not None]


def _jobs(queue: QueueFile, run: RunSection) -> Iterator[Job]:
    for seed in run.seeds or queue.seeds:
        yield Job(run, seed, ("train.threads=1", *queue.set, *run.set, f"train.seed={seed}"))
