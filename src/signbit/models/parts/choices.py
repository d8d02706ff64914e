"""Norms, activations and binarizers by name, for the switches of the networks."""

import inspect
from collections.abc import Callable, Iterable
from functools import partial

from torch import nn

from signbit import binarizers
from signbit.binarizers import Binarizer
from signbit.layers.attention_batch_norm import AttentionBatchNorm1d, AttentionBatchNorm2d
from signbit.layers.biased_prelu import BiasedPReLU
from signbit.layers.rprelu import RPReLU

_NORMS: dict[str, tuple[Callable[[int, float], nn.Module], Callable[[int, float], nn.Module]]] = {
    "batch": (nn.BatchNorm1d, nn.BatchNorm2d),
    "abn": (AttentionBatchNorm1d, AttentionBatchNorm2d),
    "abn_scale": (partial(AttentionBatchNorm1d, scale=True), partial(AttentionBatchNorm2d, scale=True)),
    "abn_no_bias": (partial(AttentionBatchNorm1d, bias=False), partial(AttentionBatchNorm2d, bias=False)),
    "none": (lambda *_: nn.Identity(), lambda *_: nn.Identity()),
}
_ACTIVATIONS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda _: nn.Identity(),
    "relu": lambda _: nn.ReLU(),
    "leaky_relu": lambda _: nn.LeakyReLU(0.01),
    "hardtanh": lambda _: nn.Hardtanh(),
    "prelu": nn.PReLU,
    "biased_prelu": BiasedPReLU,
    "rprelu": RPReLU,
}
NORMS, ACTIVATIONS = tuple(_NORMS), tuple(_ACTIVATIONS)


def one_of(argument: str, value: str, allowed: Iterable[str]) -> str:
    """The value itself.

    Raises:
        ValueError: it is not one of those allowed; the message lists them.
    """
    allowed = tuple(allowed)
    if value not in allowed:
        raise ValueError(f"{argument} is {value!r}; there are {', '.join(allowed)}")
    return value


def norm1d(name: str, features: int, eps: float = 1e-5) -> nn.Module:
    """A norm of (N, C): `batch`, `abn`, `abn_scale` (with a learned factor), `abn_no_bias` or `none`.

    Raises:
        ValueError: there is no such norm.
    """
    return _NORMS[one_of("norm", name, NORMS)][0](features, eps)


def norm2d(name: str, channels: int, eps: float = 1e-5) -> nn.Module:
    """The same of (N, C, H, W)."""
    return _NORMS[one_of("norm", name, NORMS)][1](channels, eps)


def activation_of(name: str, channels: int, argument: str = "activation") -> nn.Module:
    """An activation of (N, C, H, W), see `ACTIVATIONS`; slopes and biases are of each channel.

    Args:
        argument: what the error names.

    Raises:
        ValueError: there is no such activation.
    """
    return _ACTIVATIONS[one_of(argument, name, ACTIVATIONS)](channels)


def binarizer_with(name: str, **settings: float | str) -> Binarizer:
    """A new binarizer of that name, given those of the settings that the method has.

    Raises:
        ValueError: there is no such method, or a setting is outside its range.
    """
    known = inspect.signature(type(binarizers.create(name))).parameters
    return binarizers.create(name, **{setting: value for setting, value in settings.items() if setting in known})
