"""Sign of a weight that is centred over its input channels and clamped."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast, final

import torch
from torch import Tensor

from signbit.binarizers.base import Binarizer
from signbit.binarizers.mean_abs_sign import WEIGHT_GRADIENTS, mean_abs, weight_gradient_of


class _CentredAndClamped(torch.autograd.Function):
    """Forwards the mean over the input channels is taken off and the rest clamped; backwards the identity."""

    @staticmethod
    def forward(weight: Tensor) -> Tensor:
        # What is not a weight, with one axis alone, has no input channels.
        centred = weight - weight.mean(1, keepdim=True) if weight.dim() > 1 else weight
        return centred.clamp(-1, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


@final
class CentredMeanAbsSign(Binarizer):
    """Sign of Z = clamp(W - mean of W over the input channels, -1, 1), scaled by mean |Z| of each filter.

    The mean is one value for each filter and each position in its kernel. The published code overwrites W by Z before
    every step; here W is left alone, and what Z gets as its gradient, a rule of `MeanAbsSign` at Z, goes to W as it is.
    As Z is clamped, a mask |Z| <= 1 is 1 everywhere, but |Z| < 1 is not.

    Args:
        weight_gradient: a rule of `MeanAbsSign`.

    Raises:
        ValueError: there is no such `weight_gradient`.

    Source:
        Rastegari, Ordonez, Redmon and Farhadi 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional
        Neural Networks", arXiv:1603.05279; the centring is that of its code, allenai/XNOR-Net.
    """

    gradient_is_step: ClassVar[bool] = True

    def __init__(self, weight_gradient: str = "unscaled") -> None:
        super().__init__()
        self.weight_gradient = weight_gradient_of(weight_gradient)

    def latent(self, x: Tensor) -> Tensor:
        """Z; its gradient is handed to x unchanged."""
        return cast(Tensor, _CentredAndClamped.apply(x))  # type: ignore[no-untyped-call]

    def gradient(self, z: Tensor) -> Tensor:
        """1 at every z, which is within [-1, 1]."""
        return torch.ones_like(z)

    def scale(self, x: Tensor) -> Tensor:
        """Mean |Z| of each filter, shape (out,), without a gradient."""
        return mean_abs(self.latent(x))

    def check_weight(self, shape: Sequence[int]) -> None:
        """Refuse one input channel, whose mean is its only value."""
        if shape[1] == 1:
            raise ValueError(
                "centred_mean_abs_sign subtracts the mean over the input channels, and a weight of shape "
                f"{tuple(shape)} has 1 per group: every weight would be 0, and so would the output; give at least 2 "
                "input channels per group, or use mean_abs_sign"
            )

    def latent_gradient(self, z: Tensor, grad: Tensor) -> Tensor:
        """The rule named by `weight_gradient`."""
        return WEIGHT_GRADIENTS[self.weight_gradient](z, grad)

    def extra_repr(self) -> str:
        """The rule, for print(model)."""
        return f"weight_gradient={self.weight_gradient!r}"
