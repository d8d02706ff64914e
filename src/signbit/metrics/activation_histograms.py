"""How the values before each sign and around each norm are distributed, for the figures about training."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from signbit.binarizers import Binarizer
from signbit.layers.attention_batch_norm import AttentionBatchNorm1d, AttentionBatchNorm2d

BINS = 64
TAIL = 0.001  # of the values at each end lie outside the bins: one outlier would squeeze all others into one bin
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_ATTENTION_NORMS = (AttentionBatchNorm1d, AttentionBatchNorm2d)


@torch.no_grad()
def activation_histograms(model: nn.Module, images: Tensor) -> list[dict[str, Any]]:
    """Run images through the model in eval mode, and count what passes its signs and norms.

    Each entry has `layer` (module path), `what`, `low`, `high` and `counts` (64 bins between them; a thousandth of
    the values at each end is left out). `what` is `sign_input` (the real values before a sign; `sign_mean` is the mean
    of the signs, from -1 to 1, and `sign_sum` their sum for one image) or, of a norm, `input`, `normalised` (before
    the norm's own factor, sigmoid or bias) and `output`.
    """
    found: list[dict[str, Any]] = []

    def add(layer: str, what: str, values: Tensor, **more: float) -> None:
        found.append({"layer": layer, "what": what, **_histogram(values), **more})

    def at_sign(layer: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], codes: Tensor) -> None:
            total = codes.cpu().double().sum().item()  # not every device has float64
            add(layer, "sign_input", inputs[0], sign_mean=total / codes.numel(), sign_sum=total / len(codes))

        return hook

    def at_norm(layer: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            add(layer, "input", inputs[0])
            add(layer, "normalised", _normalised(module, inputs[0]))
            add(layer, "output", output)

        return hook

    handles = []
    weight_binarizers = {id(getattr(module, "weight_binarizer", None)) for module in model.modules()}
    inner = {id(module.normalise) for module in model.modules() if isinstance(module, _ATTENTION_NORMS)}
    for path, module in model.named_modules():
        if isinstance(module, Binarizer) and id(module) not in weight_binarizers:
            handles.append(module.register_forward_hook(at_sign(path)))
        elif isinstance(module, _ATTENTION_NORMS) or (isinstance(module, _BATCH_NORMS) and id(module) not in inner):
            handles.append(module.register_forward_hook(at_norm(path)))
    was_training = model.training
    try:
        model.eval()(images)
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    return found


def _normalised(norm: nn.Module, x: Tensor) -> Tensor:
    inner = norm.normalise if isinstance(norm, _ATTENTION_NORMS) else norm
    assert isinstance(inner, _BATCH_NORMS)
    return functional.batch_norm(x, inner.running_mean, inner.running_var, eps=inner.eps)


def _histogram(values: Tensor) -> dict[str, Any]:
    flat = values.detach().float().flatten().sort().values.cpu()
    tail = int(TAIL * len(flat))
    low, high = flat[tail].item(), flat[-1 - tail].item()
    counts = torch.histc(flat, BINS, low, high) if low < high else torch.tensor([float(len(flat))])
    return {"low": round(low, 5), "high": round(high, 5), "counts": counts.long().tolist()}
