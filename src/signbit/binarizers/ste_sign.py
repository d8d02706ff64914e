"""Sign with the identity as its gradient."""

from typing import ClassVar, final

import torch
from torch import Tensor

from signbit.binarizers.base import Binarizer


@final
class SteSign(Binarizer):
    """Sign whose gradient is 1 everywhere; put a hardtanh before it where a window is wanted.

    Source:
        Bengio, Leonard and Courville 2013, "Estimating or Propagating Gradients Through Stochastic Neurons for
        Conditional Computation", arXiv:1308.3432.
    """

    gradient_is_step: ClassVar[bool] = True

    def gradient(self, z: Tensor) -> Tensor:
        """1 at every z."""
        return torch.ones_like(z)

    def latent_gradient(self, z: Tensor, grad: Tensor) -> Tensor:
        """The upstream gradient itself: no tensor of ones is made to multiply with."""
        return grad
