"""A recipe: one experiment as data, checked when it is read."""

import inspect
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from signbit import data, losses, models, optim
from signbit.errors import RecipeError
from signbit.file_listing import class_name, import_named
from signbit.layers.roles import ROLES
from signbit.train.recipe_file import apply_overrides, explain, read_toml

RECIPES = Path(__file__).parent.parent / "recipes"

Mode = Literal["binary", "real", "soft"]
ClampLatent = bool | Annotated[float, Field(gt=0)]  # a limit; true is 1


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class _Named(BaseModel):
    """A name, and arguments for what bears it: `"adam"` or `{name = "adam", eps = 1e-7}`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def arguments(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


def _one_of(name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise ValueError(f"there is no {name!r}; there are {', '.join(known)}")
    return name


def _check_arguments(kind: ModuleType, attribute: str, section: _Named, taken: Collection[str] = ()) -> None:
    """The arguments must be some of what bears the name takes, but for those that are `taken` already."""
    bearer = getattr(import_named(kind.__name__, str(kind.__file__), section.name), attribute)
    # A class without an __init__ of its own shows torch's *args and **kwargs.
    parameters = inspect.signature(bearer).parameters.values()
    known = [p.name for p in parameters if p.name not in taken and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    for argument in section.arguments:
        if argument not in known:
            raise ValueError(f"{section.name} has no argument {argument!r}; there are {', '.join(known) or 'none'}")


class OptimizerSection(_Named):
    """Name of the optimizer, and its arguments but the learning rate."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of(name, optim.names())

    @model_validator(mode="after")
    def _arguments(self) -> "OptimizerSection":
        _check_arguments(optim, self.name, self, taken=("groups", "lr"))
        return self


class LossSection(_Named):
    """Name of the loss, and its arguments."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of(name, losses.names())

    @model_validator(mode="after")
    def _arguments(self) -> "LossSection":
        _check_arguments(losses, class_name(self.name), self)
        return self


class ModelSection(_Named):
    """Name of the model, and its arguments; what the data set knows is filled in where it is not given."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of(name, models.names())

    @model_validator(mode="after")
    def _arguments(self) -> "ModelSection":
        known = models.parameters(self.name)
        for argument in self.arguments:
            if argument not in known:
                raise ValueError(f"{self.name} has no argument {argument!r}; there are {', '.join(known)}")
        return self


def _by_role(decay: dict[str, float]) -> dict[str, float]:
    for role in decay:
        _one_of(role, ROLES)
    return decay


WeightDecay = Annotated[dict[str, float], AfterValidator(_by_role)]


class DataSection(_Named):
    """Name of the data set, how it is split, and its own arguments."""

    folder: str | None = None
    split: int = Field(default=0, ge=0)
    held_out: float = Field(default=0.1, gt=0, le=0.5)

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of(name, data.names())

    @model_validator(mode="after")
    def _arguments(self) -> "DataSection":
        try:
            data.check_arguments(self.name, self.arguments)
        except ValueError as error:
            raise ValueError(f"{error}; beside them the section has {', '.join(type(self).model_fields)}") from error
        return self

    def load(self, data_dir: str | Path | None = None) -> data.Splits:
        """The data set itself; `data_dir` goes before the section's folder. Raises: see `signbit.data.load`."""
        folder = data_dir or self.folder
        return data.load(self.name, folder, split=self.split, held_out=self.held_out, **self.arguments)


class AugmentSection(_Section):
    """What is done to the pixels of each batch."""

    crop_padding: int = Field(default=0, ge=0)
    flip: bool = False


class RecordSection(_Section):
    """What is noted of each epoch beside the figures: `activations` held-out images give histograms of what passes
    the signs and the norms; 0 notes none."""

    activations: int = Field(default=0, ge=0)


class TrainSection(_Section):
    """Defaults of every stage, and what all stages share."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=128, ge=2)
    lr: float = Field(gt=0)
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup_epochs: float = Field(default=0.0, ge=0)
    optimizer: Annotated[OptimizerSection, BeforeValidator(_named)] = OptimizerSection(name="adam")
    weight_decay: WeightDecay = {}
    loss: Annotated[LossSection, BeforeValidator(_named)] = LossSection(name="cross_entropy")
    clamp_latent: ClampLatent = False
    seed: int = Field(default=0, ge=0)
    threads: int | None = Field(default=None, ge=1)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    accelerator: str = "auto"
    devices: int = Field(default=1, ge=1)


class StageSection(_Section):
    """One stage: what differs from [train], and the mode of the binarizers of weights and of activations."""

    epochs: int | None = Field(default=None, ge=1)
    batch_size: int | None = Field(default=None, ge=2)
    lr: float | None = Field(default=None, gt=0)
    schedule: Literal["cosine", "linear", "constant"] | None = None
    warmup_epochs: float | None = Field(default=None, ge=0)
    optimizer: Annotated[OptimizerSection | None, BeforeValidator(_named)] = None
    weight_decay: WeightDecay | None = None
    loss: Annotated[LossSection | None, BeforeValidator(_named)] = None
    clamp_latent: ClampLatent | None = None
    activations: Mode = "binary"
    weights: Mode = "binary"


class Recipe(_Section):
    """A whole experiment; see the files in `signbit/recipes`."""

    data: DataSection
    model: ModelSection
    augment: AugmentSection = AugmentSection()
    record: RecordSection = RecordSection()
    train: TrainSection
    stages: list[StageSection] = Field(default=[StageSection()], min_length=1)

    def stage(self, index: int) -> TrainSection:
        """Settings of one stage: [train] with what the stage says put over it."""
        own = self.stages[index].model_dump(exclude_none=True, exclude={"activations", "weights"})
        return TrainSection.model_validate(self.train.model_dump() | own)


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
