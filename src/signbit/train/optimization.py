"""The optimizers of a stage: one, and one more for each role that has settings of its own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch import nn
from torch.optim import Optimizer

from signbit import optim
from signbit.layers.roles import parameter_roles
from signbit.optim.clip_adaptive import clip_adaptive
from signbit.optim.groups import parameter_groups
from signbit.train.schedule import lr_factor
from signbit.train.sections import OptimizerSection, RoleSection, ScheduleSection, TrainSection


@dataclass(frozen=True)
class Optimization:
    """An optimizer, and how its learning rate goes over the stage."""

    optimizer: Optimizer
    lr: float
    schedule: ScheduleSection
    warmup_epochs: float

    def set_rate(self, step: int, steps: int, steps_per_epoch: int) -> None:
        """Set the learning rate of a step, from 0 to steps - 1."""
        lr = self.lr * lr_factor(self.schedule, step, steps, steps_per_epoch, self.warmup_epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = lr


def optimizations(model: nn.Module, stage: TrainSection) -> list[Optimization]:
    """The stage's optimizer, then those of `by_role`; a role that no parameter has gives none."""
    groups = parameter_groups(model.named_parameters(), parameter_roles(model), stage.weight_decay)
    return list(_optimizations(groups, stage))


def _optimizations(groups: list[dict[str, object]], stage: TrainSection) -> Iterator[Optimization]:
    shared = [group for group in groups if group["role"] not in stage.by_role]
    settings = [(RoleSection(), shared)]
    settings += [(own, [group for group in groups if group["role"] == role]) for role, own in stage.by_role.items()]
    for own, some in settings:
        if some:
            section: OptimizerSection = own.optimizer or stage.optimizer
            lr = own.lr or stage.lr
            optimizer = optim.create(section.name, some, lr=lr, **section.arguments)
            warmup = stage.warmup_epochs if own.warmup_epochs is None else own.warmup_epochs
            yield Optimization(optimizer, lr, own.schedule or stage.schedule, warmup)


def forget(optimizers: Iterable[Optimizer]) -> None:
    """Let the optimizers begin anew: moments and step counts are gone, settings stay."""
    for optimizer in optimizers:
        optimizer.state.clear()


def clip(optimizers: Sequence[Optimizer], norm: float | None, adaptive: float | None) -> None:
    """Clip the gradients before a step.

    Args:
        norm: largest L2 norm of all gradients together; None sets no limit.
        adaptive: factor of `signbit.optim.clip_adaptive`; None leaves it out.
    """
    for optimizer in optimizers:
        if adaptive is not None:
            clip_adaptive(optimizer, adaptive)
    if norm is not None:
        groups = (group for optimizer in optimizers for group in optimizer.param_groups)
        nn.utils.clip_grad_norm_([parameter for group in groups for parameter in group["params"]], norm)
