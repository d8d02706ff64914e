"""What a network costs for one image, layer by layer, by one rule: operations, and bytes of its parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from signbit.layers.binary_layer import BinaryLayer
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.integer_stem import IntegerConv2d
from signbit.metrics.code_tracking import CodeTracking

BITS_A_WORD = 64
COUNTED_AS = ("flop", "bop")
_PRODUCTS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, BinaryLayer, IntegerConv2d)


@dataclass(frozen=True)
class LayerCost:
    """One convolution or linear layer.

    Args:
        path: of the module.
        kind: its class.
        weight_bits: 1, 8 (an integer stem) or 32.
        activation_bits: of what it reads: 1, 8 (pixels) or 32.
        weights: how many it has; 0 where another layer before it has the same ones.
        other_parameters: its bias, and what else it holds.
        flops: multiply-accumulates of one image that are not one bit.
        bops: those of which both operands are -1 or +1.
    """

    path: str
    kind: str
    weight_bits: int
    activation_bits: int
    weights: int
    other_parameters: int
    flops: int
    bops: int

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.weights + self.other_parameters

    @property
    def one_bit_weights(self) -> int:
        """Its weights, where they are -1 or +1."""
        return self.weights if self.weight_bits == 1 else 0

    @property
    def bits(self) -> int:
        """1 for each one-bit weight and 32 for each other parameter."""
        return 32 * self.parameters - 31 * self.one_bit_weights

    @property
    def bytes(self) -> int:
        """The same in bytes, rounded up."""
        return -(-self.bits // 8)

    @property
    def ops(self) -> float:
        """`flops + bops / 64`."""
        return self.flops + self.bops / BITS_A_WORD


@dataclass(frozen=True)
class Costs:
    """A whole network.

    Args:
        layers: convolutions and linear layers, in the order of the modules.
        other_parameters: those outside of the layers: of norms, activations and signs.
    """

    layers: list[LayerCost]
    other_parameters: int

    @property
    def flops(self) -> int:
        """Multiply-accumulates that are not one bit."""
        return sum(layer.flops for layer in self.layers)

    @property
    def bops(self) -> int:
        """One-bit multiply-accumulates."""
        return sum(layer.bops for layer in self.layers)

    @property
    def ops(self) -> float:
        """`flops + bops / 64`, the published "OPs"."""
        return sum(layer.ops for layer in self.layers)

    @property
    def parameters(self) -> int:
        """All of them; running statistics are none, as is customary."""
        return sum(layer.parameters for layer in self.layers) + self.other_parameters

    @property
    def one_bit_weights(self) -> int:
        """Weights that are -1 or +1."""
        return sum(layer.one_bit_weights for layer in self.layers)

    @property
    def bits(self) -> int:
        """1 for each one-bit weight and 32 for each other parameter."""
        return sum(layer.bits for layer in self.layers) + 32 * self.other_parameters

    @property
    def bytes(self) -> int:
        """The same in bytes, rounded up."""
        return -(-self.bits // 8)

    @property
    def float32_bytes(self) -> int:
        """4 for each parameter."""
        return 4 * self.parameters

    @property
    def one_bit_work_share(self) -> float:
        """Share of the multiply-accumulates that are one bit, from 0 to 1."""
        return self.bops / max(self.flops + self.bops, 1)

    @property
    def one_bit_weight_share(self) -> float:
        """Share of the layers' weights that are one bit, from 0 to 1."""
        return self.one_bit_weights / max(sum(layer.weights for layer in self.layers), 1)


@torch.no_grad()
def count_costs(model: nn.Module, example: Tensor, *, real_input_1x1: str = "flop") -> Costs:
    """Count by running `model` on one example in eval mode; on the meta device that computes nothing.

    The rule: convolutions and linear layers are counted, biases, norms, activations, pools and additions are not. A
    multiply-accumulate is one operation, one bit only where both operands are -1 or +1: a real input times a one-bit
    weight is not, nor are pixels. A parameter weighs 32 bits, a one-bit weight 1.

    Args:
        model: ours or a user's.
        example: one image, (1, C, H, W), on the device of the model.
        real_input_1x1: what a 1x1 convolution of a real input with one-bit weights counts as: `flop`, or `bop`, as in
            several papers.

    Raises:
        ValueError: the example is not one image, or `real_input_1x1` is neither.

    Source:
        Liu et al. 2018, "Bi-Real Net", arXiv:1808.00278 (OPs = FLOPs + BOPs / 64).
    """
    if example.shape[0] != 1:
        raise ValueError(f"the example has shape {tuple(example.shape)}; give one image, (1, C, H, W)")
    if real_input_1x1 not in COUNTED_AS:
        raise ValueError(f"real_input_1x1 is {real_input_1x1!r}; there are {', '.join(COUNTED_AS)}")
    work: dict[nn.Module, int] = {}
    activation_bits: dict[nn.Module, int] = {}
    codes = CodeTracking()

    def count(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        work[module] = work.get(module, 0) + output.numel() * _weight(module)[0].numel()  # a filter meets each output
        activation_bits[module] = max(activation_bits.get(module, 1), _activation_bits(module, inputs[0], codes))

    with _hooked(model, count), codes:
        model(example)
    layers, seen = [], set[int]()
    for path, module in model.named_modules():
        if isinstance(module, _PRODUCTS):
            bits = activation_bits.get(module, 32)  # 32 where the forward does not use it
            as_bop = _is_bop(module, bits) or (real_input_1x1 == "bop" and _is_one_bit_1x1(module))
            macs = work.get(module, 0)
            counts = {"flops": 0 if as_bop else macs, "bops": macs if as_bop else 0}
            layers.append(
                LayerCost(path, type(module).__name__, _weight_bits(module), bits, *_parameters(module, seen), **counts)
            )
    others = sum(parameter.numel() for parameter in model.parameters() if id(parameter) not in seen)
    return Costs(layers, others)


def _weight(module: nn.Module) -> Tensor:
    assert isinstance(module.weight, Tensor)
    return module.weight


def _weight_bits(module: nn.Module) -> int:
    binarizer = getattr(module, "weight_binarizer", None)
    if binarizer is not None and binarizer.mode == "binary":
        return 1
    return 8 if isinstance(module, IntegerConv2d) else 32


def _activation_bits(module: nn.Module, x: Tensor, codes: CodeTracking) -> int:
    if isinstance(module, IntegerConv2d):
        return 8
    if isinstance(module, BinaryWeightConv2d):
        return 32
    if isinstance(module, BinaryLayer) and module.input_mode != "binary":
        return 32
    if isinstance(module, BinaryLayer) and module.input_binarizer is not None:
        return 1
    # Values are looked at where codes are expected alone: normalised pixels of a black image are all -1 too.
    looked_at = isinstance(module, BinaryLayer) and not x.is_meta and bool((x.abs() == 1).all())
    return 1 if looked_at or codes.came_from_signs(x) else 32


def _is_bop(module: nn.Module, activation_bits: int) -> bool:
    return _weight_bits(module) == 1 and activation_bits == 1


def _is_one_bit_1x1(module: nn.Module) -> bool:
    return isinstance(module, BinaryWeightConv2d) and module.kernel_size == (1, 1) and _weight_bits(module) == 1


def _parameters(module: nn.Module, seen: set[int]) -> tuple[int, int]:
    """Weights and other parameters of a layer that no layer before it has."""
    fresh = [parameter for parameter in module.parameters() if id(parameter) not in seen]
    seen.update(id(parameter) for parameter in fresh)
    weights = sum(parameter.numel() for parameter in fresh if parameter is module.weight)
    return weights, sum(parameter.numel() for parameter in fresh) - weights


@contextmanager
def _hooked(model: nn.Module, hook: Any) -> Iterator[None]:
    """The model in eval mode, a hook on each of its layers."""
    handles = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, _PRODUCTS)]
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
