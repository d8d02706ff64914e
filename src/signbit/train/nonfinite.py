"""Stop at the first NaN: a sign turns it into -1, and nothing after it would look wrong."""

from typing import Any

import torch
from torch import Tensor, nn

from signbit.errors import SignbitError


class TrainingError(SignbitError):
    """Training cannot go on; the message names the step and the layer."""


def check_finite(model: nn.Module, images: Tensor, loss: Tensor, step: int) -> None:
    """Called after backward: the loss, all gradients, parameters and running statistics must be finite.

    The loss alone would not do: what a sign or a hardtanh hides from it has gradients of 0 as well.

    Raises:
        TrainingError: they are not; the message names the step and the first layer whose output, or else the first
            tensor whose values, are not finite.
    """
    tensors = [loss.detach(), *_floats(model).values()]
    if not bool(torch.isfinite(torch.nn.utils.get_total_norm(tensors, norm_type=torch.inf))):
        place = _first_layer(model, images) or _first_tensor(model) or "the loss itself"
        raise TrainingError(
            f"step {step}: not finite, first in {place} (loss {loss.item()}); lower train.lr, or look at that layer"
        )


def _floats(model: nn.Module) -> dict[str, Tensor]:
    """Gradients, parameters and buffers, by what a message would call them."""
    found: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        found[name] = parameter.detach()
        if parameter.grad is not None:
            found[f"the gradient of {name}"] = parameter.grad
    return found | {name: buffer for name, buffer in model.named_buffers() if buffer.is_floating_point()}


def _first_layer(model: nn.Module, images: Tensor) -> str | None:
    """Name of the first, innermost module whose output is not finite, found by running the batch again."""
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
            if not found and not bool(torch.isfinite(output).all()):
                found.append(f"the output of {name} ({type(module).__name__})")

        return hook

    handles = [module.register_forward_hook(look(name)) for name, module in model.named_modules() if name]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def _first_tensor(model: nn.Module) -> str | None:
    return next((name for name, tensor in _floats(model).items() if not bool(torch.isfinite(tensor).all())), None)
