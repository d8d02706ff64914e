"""Stochastic gradient descent, as torch has it."""

from typing import Any

import torch
from torch.optim import Optimizer


def sgd(groups: list[dict[str, Any]], *, lr: float, momentum: float = 0.9, nesterov: bool = False) -> Optimizer:
    """Build torch's SGD; weight decay added to the gradient, by group.

    Source:
        Sutskever, Martens, Dahl and Hinton 2013, "On the importance of initialization and momentum in deep
        learning", ICML.
    """
    return torch.optim.SGD(groups, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=0.0)
