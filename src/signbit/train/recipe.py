"""A recipe: one experiment as data, checked when it is read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from signbit.errors import RecipeError
from signbit.train.recipe_file import apply_overrides, explain, read_toml
from signbit.train.sections import (
    AugmentSection,
    DataSection,
    ModelSection,
    RecordSection,
    Section,
    StageSection,
    TrainSection,
)

RECIPES = Path(__file__).parent.parent / "recipes"


class Recipe(Section):
    """A whole experiment; see the files in `signbit/recipes`."""

    data: DataSection
    model: ModelSection
    augment: AugmentSection = AugmentSection()
    record: RecordSection = RecordSection()
    train: TrainSection
    stages: list[StageSection] = Field(default=[StageSection()], min_length=1)

    def stage(self, index: int) -> TrainSection:
        """Settings of one stage: [train] with what the stage says put over it."""
        own = self.stages[index].model_dump(exclude_none=True, exclude={"activations", "weights", "start"})
        return TrainSection.model_validate(self.train.model_dump() | own)

    @model_validator(mode="after")
    def _teachers(self) -> "Recipe":
        for index in range(len(self.stages)):
            stage = self.stage(index)
            asks = [n for n in sorted(stage.needed) if "teacher" in n]
            if asks and not stage.teachers:
                raise ValueError(f"stage {index} has a loss that needs {asks[0]}; give it teachers")
            if any(teacher.stage is not None and teacher.stage >= index for teacher in stage.teachers):
                raise ValueError(f"a teacher of stage {index} is a stage that is not over; give an earlier one")
        return self


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name_or_path: str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe: one that comes with the package, by name, or any TOML file, by path.

    Args:
        overrides: `key=value` texts such as `train.epochs=5`, applied before the recipe is checked.

    Raises:
        RecipeError: the file is missing or not TOML, a key is unknown or a value wrong; the message names the file,
            the key and the choices.
    """
    path = Path(name_or_path)
    if str(name_or_path) in recipe_names():
        path = RECIPES / f"{name_or_path}.toml"
    elif not path.is_file():
        raise RecipeError(f"{name_or_path}: no such file or recipe; the recipes are {', '.join(recipe_names())}")
    return check_recipe(apply_overrides(read_toml(path), overrides), str(path))


def check_recipe(values: dict[str, Any], origin: str) -> Recipe:
    """A recipe from its plain values.

    Raises:
        RecipeError: see `load_recipe`; `origin` is what the message names.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise RecipeError(explain(error, Recipe, origin)) from error
