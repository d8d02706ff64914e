"""AdamW, as torch has it."""

from typing import Any

import torch
from torch.optim import Optimizer


def adamw(
    groups: list[dict[str, Any]], *, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
) -> Optimizer:
    """Build torch's AdamW; weight decay apart from the gradient, by group.

    Source:
        Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101.
    """
    return torch.optim.AdamW(groups, lr=lr, betas=betas, eps=eps, weight_decay=0.0)
