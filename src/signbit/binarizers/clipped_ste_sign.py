"""Sign with the derivative of hardtanh as its gradient."""

from typing import ClassVar, final

from torch import Tensor

from signbit.binarizers.base import Binarizer


@final
class ClippedSteSign(Binarizer):
    """Sign whose gradient is 1 where |z| <= 1 and 0 elsewhere.

    The border |z| = 1 has gradient 1, as in the paper's formula and torch.clamp, so that a latent weight clamped to
    [-1, 1] can leave it again; torch's hardtanh and XNOR-Net's code have 0 there.

    Source:
        Courbariaux, Hubara, Soudry, El-Yaniv and Bengio 2016, "Binarized Neural Networks", arXiv:1602.02830.
    """

    gradient_is_step: ClassVar[bool] = True

    def gradient(self, z: Tensor) -> Tensor:
        """1 where |z| <= 1, 0 elsewhere."""
        return (z.abs() <= 1).to(z.dtype)
