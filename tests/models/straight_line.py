"""Blocks written down once more, in torch's own functions alone: what the networks' blocks are compared with.

Nothing of signbit is used here. A block's values come from its state, by the names they have there.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

State = Mapping[str, Tensor]


def sign(x: Tensor) -> Tensor:
    """+1 where x >= 0, -1 elsewhere."""
    return torch.where(x >= 0, 1.0, -1.0)


def channels(values: Tensor) -> Tensor:
    """One value for each channel, to meet (N, C, H, W)."""
    return values.reshape(1, -1, 1, 1)


def sign_conv(codes: Tensor, weight: Tensor, stride: int = 1, padding: int = 1, groups: int = 1) -> Tensor:
    """Codes convolved with the signs of a weight, padded with 0, without a scale."""
    return functional.conv2d(codes, sign(weight), None, stride, padding, 1, groups)


def mean_abs_conv(codes: Tensor, weight: Tensor, stride: int = 1, padding: int = 1, groups: int = 1) -> Tensor:
    """The same times the mean magnitude of each filter."""
    return sign_conv(codes, weight, stride, padding, groups) * channels(weight.abs().mean((1, 2, 3)))


def norm(x: Tensor, state: State, name: str) -> Tensor:
    """Batch norm in eval mode, eps 1e-5."""
    values = (state[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias"))
    mean, variance, gamma, beta = (channels(value) for value in values)
    return (x - mean) / (variance + 1e-5).sqrt() * gamma + beta


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """x where it is positive, slope * x elsewhere."""
    return torch.where(x > 0, x, channels(slope) * x)


def rprelu(x: Tensor, state: State, name: str) -> Tensor:
    """PReLU(x + b1) + b2."""
    before, slope, after = (state[f"{name}.{key}"] for key in ("bias_before", "slope", "bias_after"))
    return prelu(x + channels(before), slope) + channels(after)


def mean_pool(x: Tensor) -> Tensor:
    """Mean of each 2x2 pixels."""
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def shuffle(x: Tensor, groups: int = 2) -> Tensor:
    """Channels 0, C/g, 2C/g, ..., 1, C/g + 1, ..."""
    per_group = x.shape[1] // groups
    return x[:, [group * per_group + index for index in range(per_group) for group in range(groups)]]


def randomise(module: nn.Module, seed: int) -> State:
    """Give every parameter and statistic of a module a random value, as after training; returns its state."""
    generator = torch.Generator().manual_seed(seed)
    print(f"seed {seed}")
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            drawn = torch.randn(value.shape, generator=generator) * 0.5
            value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)
    return module.state_dict()


def pixels(*shape: int, seed: int = 0) -> Tensor:
    """Random real values for a block to read."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def standardize(weight: Tensor) -> Tensor:
    """(W - mean) / (std + 1e-5) / sqrt(n) of each filter, with the biased deviation."""
    mean, std = weight.mean((1, 2, 3), keepdim=True), weight.std((1, 2, 3), unbiased=False, keepdim=True)
    return (weight - mean) / (std + 1e-5) * weight[0].numel() ** -0.5
