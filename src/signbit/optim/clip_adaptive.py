"""Gradients clipped to a share of the norm of what they change."""

from collections.abc import Collection

import torch
from torch import Tensor
from torch.optim import Optimizer

FLOOR = 1e-3  # of a unit's norm, so that parameters that begin at 0 can leave it
GRADIENT_FLOOR = 1e-6  # of a gradient's norm, against 0 / 0


def _unit_norm(x: Tensor, by_value: bool) -> Tensor:
    """Norm of each unit, in a shape that meets x."""
    if by_value:
        return x.abs()
    norm: Tensor = torch.linalg.vector_norm(x if x.dim() <= 1 else x.flatten(1), dim=-1)
    return norm.reshape(-1, *[1] * (x.dim() - 1))


@torch.no_grad()
def clip_adaptive(optimizer: Optimizer, factor: float, exclude: Collection[str] = ("head",)) -> None:
    """Shorten gradients, in place, to `factor` times the norm of their unit; called between backward and step.

    With W and G a unit and its gradient: G becomes factor * max(|W|, 1e-3) / |G| * G where |G| is at least
    factor * max(|W|, 1e-3). A filter is a unit, and so is a row of a matrix. Of vectors, one of the role `scale` has a
    unit for each value, and every other is one unit. That is what the published code does, which holds gains as
    (C, 1, 1, 1) and biases as (1, C, 1, 1). A bias that begins at 0 therefore gets a gradient of at most
    factor * 1e-3, all channels together: the floor throttles it.

    Args:
        optimizer: its groups name their role, see `groups.parameter_groups`.
        factor: the published networks have 0.02 on ImageNet.
        exclude: roles that are left as they are; the published code leaves out the last layer.

    Raises:
        ValueError: factor is not positive.

    Source:
        Brock, De, Smith and Simonyan 2021, "High-Performance Large-Scale Image Recognition Without Normalization",
        arXiv:2102.06171; on binary networks Chen et al. 2021, "BNN - BN = ?", arXiv:2104.08215.
    """
    if factor <= 0:
        raise ValueError(f"factor is {factor!r}; give a positive number")
    for group in optimizer.param_groups:
        role = group.get("role")
        if role not in exclude:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    _clip(parameter, factor, by_value=role == "scale" and parameter.dim() == 1)


def _clip(parameter: Tensor, factor: float, *, by_value: bool) -> None:
    grad = parameter.grad
    assert grad is not None
    longest = _unit_norm(parameter, by_value).clamp_min(FLOOR) * factor
    norm = _unit_norm(grad, by_value)
    grad.copy_(torch.where(norm < longest, grad, grad * (longest / norm.clamp_min(GRADIENT_FLOOR))))
