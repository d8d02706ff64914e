"""Learning rate, batches and binarizer buffers as pure functions of the step: a resumed run is the same run."""

import math

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers.modes import set_modes as set_modes
from signbit.train.sections import ScheduleSection


def lr_factor(schedule: ScheduleSection, step: int, steps: int, steps_per_epoch: int, warmup_epochs: float) -> float:
    """Factor of the base learning rate at a step from 0 to steps - 1; only a schedule that is `early` reaches 0.

    After a linear warm-up, `cosine` and `linear` fall from 1 towards 0, `steps` by its own factors, and `constant`
    stays at 1.
    """
    warmup, at = warmup_epochs * steps_per_epoch, float(step)
    if schedule.per == "epoch":
        at = (step // steps_per_epoch + schedule.early) * steps_per_epoch
    at += schedule.first_epoch * steps_per_epoch
    if at < warmup:
        stride = steps_per_epoch if schedule.per == "epoch" else 1  # steps that share a rate
        return (at + stride) / (warmup + stride)
    if schedule.name == "steps":
        return schedule.step_factor(at / steps_per_epoch)
    whole = steps if schedule.epochs is None else schedule.epochs * steps_per_epoch
    progress = min((at - warmup) / max(whole - warmup, 1), 1.0)
    if schedule.name == "cosine":
        return (1 + math.cos(math.pi * progress)) / 2
    return 1 - progress if schedule.name == "linear" else 1.0


def batches_per_epoch(count: int, batch_size: int) -> int:
    """Number of whole batches among so many images; fewer images than a batch are one batch."""
    return count // min(batch_size, count)


def epoch_batches(count: int, batch_size: int, seed: int, epoch: int) -> list[Tensor]:
    """Indices of each batch of an epoch, shuffled by seed and epoch; what does not fill a batch is left out.

    A short last batch would have other batch statistics; with a new order each epoch nothing is left out for good.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    size = min(batch_size, count)
    order = torch.randperm(count, generator=generator)
    return list(torch.split(order[: count // size * size], size))


def set_progress(model: nn.Module, progress: float, epoch: int) -> None:
    """Tell the binarizers that have a schedule how far the stage is: from 0 to 1, and the epoch from 0."""
    for module in model.modules():
        if isinstance(module, Binarizer):
            buffers = dict(module.named_buffers(recurse=False))
            if "progress" in buffers:
                buffers["progress"].fill_(progress)
            if "epoch" in buffers:
                buffers["epoch"].fill_(epoch)
