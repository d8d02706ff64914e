"""Sign of a weight that is reached from its clipped value, epoch by epoch."""

from typing import Any, ClassVar, cast, final

import torch
from torch import Tensor

from signbit.binarizers.base import Binarizer, sign


class _ClipWithIdentity(torch.autograd.Function):
    """clip(z / T, -1, 1), or the sign where T is below its end; backwards the identity."""

    @staticmethod
    def forward(z: Tensor, temperature: Tensor, end: float) -> Tensor:
        clipped = (z / temperature.clamp_min(end)).clamp(-1, 1)
        return torch.where(temperature < end, sign(z), clipped)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad, None, None


@final
class TemperatureSign(Binarizer):
    """Sign of a latent weight, in mode `soft` clip(w / T, -1, 1) with T = decay ^ epoch; the gradient is 1 everywhere.

    Once T is below `end` (for the defaults from epoch 153 on) mode `soft` gives the sign too. The latent weights of the
    paper stay within -1.5 and 1.5: that is `clamp_latent` of training, since neither value nor gradient tell of it.

    Args:
        decay: of the temperature from one epoch to the next.
        end: the temperature below which the sign is taken.

    Raises:
        ValueError: an argument is not between 0 and 1.

    Source:
        Guo, Bethge, Meinel and Yang 2022, "Join the High Accuracy Club on ImageNet with A Binary Neural Network
        Ticket", arXiv:2211.12933.
    """

    gradient_is_step: ClassVar[bool] = True
    modes: ClassVar[tuple[str, ...]] = ("binary", "real", "soft")
    epoch: Tensor

    def __init__(self, decay: float = 0.9, end: float = 1e-7) -> None:
        super().__init__()
        for name, value in (("decay", decay), ("end", end)):
            if not 0 < value < 1:
                raise ValueError(f"{name} is {value!r}; give a number between 0 and 1")
        self.decay, self.end = decay, end
        self.register_buffer("epoch", torch.tensor(0))

    def gradient(self, z: Tensor) -> Tensor:
        """1 at every z."""
        return torch.ones_like(z)

    def latent_gradient(self, z: Tensor, grad: Tensor) -> Tensor:
        """The upstream gradient itself: no tensor of ones is made to multiply with."""
        return grad

    def soft(self, z: Tensor) -> Tensor:
        """clip(z / T, -1, 1) of this epoch."""
        return cast(Tensor, _ClipWithIdentity.apply(z, self.decay**self.epoch, self.end))  # type: ignore[no-untyped-call]

    def extra_repr(self) -> str:
        """The schedule, for print(model)."""
        return f"decay={self.decay}, end={self.end}"
