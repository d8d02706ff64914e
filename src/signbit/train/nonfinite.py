"""Stop at the first NaN: a sign turns it into -1, and nothing after it would look wrong."""

from typing import Any

import torch
from torch import Tensor, nn

from signbit.errors import SignbitError


class TrainingError(SignbitError):
    """Training cannot go on; the message names the step and the layer."""


def check_finite(model: nn.Module, images: Tensor, loss: Tensor, step: int) -> None:
    """Called after backward: the loss and all gradients must be finite.

    Raises:
        TrainingError: they are not; the message names the step and the first layer whose output, or else the first
            parameter whose gradient, is not finite.
    """
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    finite = torch.isfinite(loss.detach()) & torch.isfinite(torch.nn.utils.get_total_norm(gradients)).to(loss.device)
    if not bool(finite):
        place = _first_layer(model, images) or _first_gradient(model) or "the loss itself"
        raise TrainingError(
            f"step {step}: not finite, first in {place} (loss {loss.item()}); lower train.lr, or look at that layer"
        )


def _first_layer(model: nn.Module, images: Tensor) -> str | None:
    """Name of the first leaf module whose output is not finite, found by running the batch again."""
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
            if not found and not bool(torch.isfinite(output).all()):
                found.append(f"the output of {name} ({type(module).__name__})")

        return hook

    leaves = [(name, m) for name, m in model.named_modules() if not any(True for _ in m.children())]
    products = [(name, m) for name, m in model.named_modules() if getattr(m, "weight_binarizer", None) is not None]
    handles = [module.register_forward_hook(look(name)) for name, module in leaves + products]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def _first_gradient(model: nn.Module) -> str | None:
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all()):
            return f"the gradient of {name}"
    return None
