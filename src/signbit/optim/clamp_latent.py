"""Latent weights kept within a range."""

from collections.abc import Iterable

import torch
from torch.optim import Optimizer


@torch.no_grad()
def clamp_latent(optimizers: Iterable[Optimizer], limit: float = 1.0) -> None:
    """Clamp the parameters of the role `latent_weight` to [-limit, limit], in place; called after each step.

    Outside of it a clipped gradient is 0 and the sign could not change any more.

    Source:
        Courbariaux, Hubara, Soudry, El-Yaniv and Bengio 2016, "Binarized Neural Networks", arXiv:1602.02830.
    """
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        if group.get("role") == "latent_weight":
            for parameter in group["params"]:
                parameter.clamp_(-limit, limit)
