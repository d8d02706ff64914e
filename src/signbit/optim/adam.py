"""Adam, as torch has it."""

from typing import Any

import torch
from torch.optim import Optimizer


def adam(
    groups: list[dict[str, Any]], *, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
) -> Optimizer:
    """Build torch's Adam; weight decay added to the gradient, by group.

    Source:
        Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980.
    """
    return torch.optim.Adam(groups, lr=lr, betas=betas, eps=eps, weight_decay=0.0)
