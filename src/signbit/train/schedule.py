"""Learning rate, batches and binarizer buffers as pure functions of the step: a resumed run is the same run."""

import math

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer


def lr_factor(kind: str, step: int, steps: int, warmup_steps: float) -> float:
    """Factor of the base learning rate at a step from 0 to steps - 1; it is never 0.

    `cosine` and `linear` fall from 1 towards 0 after a linear warm-up, `constant` stays at 1.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / max(steps - warmup_steps, 1)
    if kind == "cosine":
        return (1 + math.cos(math.pi * progress)) / 2
    return 1 - progress if kind == "linear" else 1.0


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


def set_modes(model: nn.Module, activations: str, weights: str) -> None:
    """Set the mode of the binarizers: those that a layer holds as `weight_binarizer` are of weights."""
    of_weights = {id(getattr(module, "weight_binarizer", None)) for module in model.modules()}
    for module in model.modules():
        if isinstance(module, Binarizer):
            module.mode = weights if id(module) in of_weights else activations
