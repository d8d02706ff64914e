"""Multiply-accumulates of one image, and how many of them are one bit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.integer_stem import IntegerConv2d

PRODUCTS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, BinaryConv2d, BinaryLinear, IntegerConv2d)
BITS_A_WORD = 64


@dataclass(frozen=True)
class Operations:
    """Multiply-accumulates of convolutions and linear layers for one image.

    Norms, activations, biases, pools and additions are not counted, as is customary.
    """

    one_bit: int
    other: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.one_bit + self.other

    @property
    def one_bit_share(self) -> float:
        """Share whose two operands are -1 or +1, from 0 to 1."""
        return self.one_bit / max(self.total, 1)

    @property
    def equivalent(self) -> float:
        """`other + one_bit / 64`, the published "OPs"."""
        return self.other + self.one_bit / BITS_A_WORD


def has_one_bit_weights(module: nn.Module) -> bool:
    """Whether the weight that takes part in the product is -1 or +1."""
    binarizer = getattr(module, "weight_binarizer", None)
    return isinstance(module, PRODUCTS) and binarizer is not None and bool(binarizer.mode == "binary")


def _has_one_bit_input(module: nn.Module, x: Tensor) -> bool:
    if isinstance(module, IntegerConv2d):
        return False
    binarizer = getattr(module, "input_binarizer", None)
    if binarizer is not None:
        return bool(binarizer.mode == "binary")
    return bool((x.abs() == 1).all())  # codes from elsewhere: a sign shared by several layers


@torch.no_grad()
def count_operations(model: nn.Module, example: Tensor) -> Operations:
    """Count by running `model` on one example, (1, C, H, W), in eval mode.

    A multiply-accumulate is one bit only where both operands are: a real input times a one-bit weight is not.

    Raises:
        ValueError: the example is not one image.

    Source:
        Liu et al. 2018, "Bi-Real Net", arXiv:1808.00278 (the counting rule, other + one_bit / 64).
    """
    if example.shape[0] != 1:
        raise ValueError(f"the example has shape {tuple(example.shape)}; give one image, (1, C, H, W)")
    counts = {True: 0, False: 0}

    def count(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        weight = module.weight
        assert isinstance(weight, Tensor)
        one_bit = has_one_bit_weights(module) and _has_one_bit_input(module, inputs[0])
        counts[one_bit] += output.numel() * weight[0].numel()  # a filter meets each output once

    _with_hooks(model, count, example)
    return Operations(one_bit=counts[True], other=counts[False])


def _with_hooks(model: nn.Module, hook: Callable[..., None], example: Tensor) -> None:
    handles = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, PRODUCTS)]
    was_training = model.training
    model.eval()
    try:
        model(example)
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
