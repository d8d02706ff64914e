"""The sections of a recipe, each checked when it is read."""

import inspect
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from signbit import data, losses, models, optim
from signbit.file_listing import class_name, import_named
from signbit.layers.roles import ROLES

Mode = Literal["binary", "real", "soft"]

ClampLatent = bool | Annotated[float, Field(gt=0)]  # a limit; true is 1

DEFAULT_FACTOR = 0.1


class Section(BaseModel):
    """A table of a recipe: an unknown key is an error, and nothing changes after it was read."""

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
    """Name of the loss, its weight in the sum of the losses, and its arguments."""

    weight: float = Field(default=1.0, gt=0)

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


def _by_role(table: dict[str, Any]) -> dict[str, Any]:
    for role in table:
        _one_of(role, ROLES)
    return table


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


class AugmentSection(Section):
    """What is done to the pixels of each batch; see `signbit.data.augment.Augment`."""

    crop_padding: int = Field(default=0, ge=0)
    padding: Literal["black", "reflect"] = "black"
    resized_crop: tuple[float, float] | None = None
    flip: bool = False
    lighting: float = Field(default=0.0, ge=0)
    erasing: float = Field(default=0.0, ge=0, le=1)


class ScheduleSection(Section):
    """Name of the learning rate's schedule over a stage, and how it is walked through.

    Args:
        per: the rate changes after each `step`, or once an `epoch`, as in most published code.
        early: with `per="epoch"`, each epoch has the rate of the one after it, and the last of `linear` and `cosine` is
            0: what code does that steps its scheduler at the start of an epoch.
        at: epochs of `steps`, ascending.
        factor: what the rate is multiplied with at each of them; or a list, its factors of the base rate after each.
        epochs: length of the whole schedule where the stage is a part of it.
        first_epoch: where in it the stage begins.
    """

    name: Literal["cosine", "linear", "constant", "steps"]
    per: Literal["step", "epoch"] = "step"
    early: bool = False
    at: list[float] = []
    factor: float | list[float] = DEFAULT_FACTOR
    epochs: float | None = Field(default=None, gt=0)
    first_epoch: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "ScheduleSection":
        if bool(self.at) != (self.name == "steps") or self.at != sorted(self.at):
            raise ValueError(
                f"`at` is {self.at} and the schedule {self.name}; `steps` needs ascending epochs, no other"
            )
        if isinstance(self.factor, list) and len(self.factor) != len(self.at):
            raise ValueError(f"there are {len(self.factor)} factors for {len(self.at)} epochs; give as many, or one")
        if self.early and self.per != "epoch":
            raise ValueError('`early` is about a rate that changes once an epoch; give per = "epoch" with it')
        return self

    def step_factor(self, epoch: float) -> float:
        """Factor of `steps` at a position in epochs."""
        passed = sum(epoch >= at for at in self.at)
        if isinstance(self.factor, list):
            return self.factor[passed - 1] if passed else 1.0
        return float(self.factor**passed)


class TeacherSection(Section):
    """A network that teaches, frozen and in eval mode: just one of `checkpoint`, `stage` and `model`.

    Args:
        checkpoint: of signbit, or a run folder.
        stage: an earlier stage of this run, as it ended.
        model: a network of signbit, with `weights`, a file of its state dict (.safetensors, or what torch.save wrote).
        rename: for names in that file: regular expressions and what takes the place of what they find, in turn; or
            `published`, for the names of the checkpoints that the model's family knows (its `CHECKPOINT_NAMES`).
    """

    checkpoint: str | None = None
    stage: int | None = Field(default=None, ge=0)
    model: Annotated[ModelSection | None, BeforeValidator(_named)] = None
    weights: str | None = None
    rename: Literal["published"] | dict[str, str] = {}

    @model_validator(mode="after")
    def _one(self) -> "TeacherSection":
        if sum(given is not None for given in (self.checkpoint, self.stage, self.model)) != 1:
            raise ValueError("a teacher is one of checkpoint, stage and model; give just one of them")
        if (self.model is None) != (self.weights is None):
            raise ValueError("a teacher's model and its file of weights go together; give both or neither")
        if self.rename and self.model is None:
            raise ValueError("rename is for the names in a teacher's file of weights; give it with model and weights")
        return self


class StartSection(Section):
    """Weights that a stage begins with: those of a checkpoint of signbit, name for name.

    Args:
        checkpoint: of signbit, or a run folder.
        rename: regular expressions on its names and what takes the place of what they find, in turn.
    """

    checkpoint: str
    rename: dict[str, str] = {}


class RecordSection(Section):
    """What is noted of each epoch beside the figures: `activations` held-out images give histograms of what passes
    the signs and the norms; 0 notes none."""

    activations: int = Field(default=0, ge=0)


def _list(value: Any) -> Any:
    return [_named(item) for item in (value if isinstance(value, list) else [value])]


Optimizer = Annotated[OptimizerSection, BeforeValidator(_named)]
Schedule = Annotated[ScheduleSection, BeforeValidator(_named)]
Losses = Annotated[list[LossSection], BeforeValidator(_list), Field(min_length=1)]


class RoleSection(Section):
    """What differs for the parameters of one role; they have an optimizer of their own."""

    optimizer: Annotated[OptimizerSection | None, BeforeValidator(_named)] = None
    lr: float | None = Field(default=None, gt=0)
    schedule: Annotated[ScheduleSection | None, BeforeValidator(_named)] = None
    warmup_epochs: float | None = Field(default=None, ge=0)


ByRole = Annotated[dict[str, RoleSection], AfterValidator(_by_role)]


class TrainSection(Section):
    """Defaults of every stage, and what all stages share."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=128, ge=2)
    lr: float = Field(gt=0)
    schedule: Schedule = ScheduleSection(name="cosine")
    warmup_epochs: float = Field(default=0.0, ge=0)
    optimizer: Optimizer = OptimizerSection(name="adam")
    reset_optimizer: bool = False
    weight_decay: WeightDecay = {}
    by_role: ByRole = {}
    loss: Losses = [LossSection(name="cross_entropy")]
    teachers: list[TeacherSection] = []
    clamp_latent: ClampLatent = False
    clip_norm: float | None = Field(default=None, gt=0)
    clip_adaptive: float | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0)
    threads: int | None = Field(default=None, ge=1)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    accelerator: str = "auto"
    devices: int = Field(default=1, ge=1)

    @property
    def needed(self) -> set[str]:
        """What the losses are given, some of `signbit.losses.INPUTS`."""
        return {given for loss in self.loss for given in losses.inputs(loss.name)}


class StageSection(Section):
    """One stage: what differs from [train], the mode of the binarizers, and what it begins with.

    Args:
        activations: mode of the binarizers of activations.
        weights: mode of those of weights.
        start: the `last` or the `best` epoch of the stage before, or a checkpoint.
    """

    epochs: int | None = Field(default=None, ge=1)
    batch_size: int | None = Field(default=None, ge=2)
    lr: float | None = Field(default=None, gt=0)
    schedule: Annotated[ScheduleSection | None, BeforeValidator(_named)] = None
    warmup_epochs: float | None = Field(default=None, ge=0)
    optimizer: Annotated[OptimizerSection | None, BeforeValidator(_named)] = None
    reset_optimizer: bool | None = None
    weight_decay: WeightDecay | None = None
    by_role: ByRole | None = None
    loss: Losses | None = None
    teachers: list[TeacherSection] | None = None
    clamp_latent: ClampLatent | None = None
    clip_norm: float | None = Field(default=None, gt=0)
    clip_adaptive: float | None = Field(default=None, gt=0)
    activations: Mode = "binary"
    weights: Mode = "binary"
    start: Literal["last", "best"] | StartSection = "last"
