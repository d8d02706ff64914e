"""Sign with a triangular gradient."""

from typing import final

from torch import Tensor

from signbit.binarizers.base import Binarizer


@final
class ApproxSign(Binarizer):
    """Sign whose gradient is 2 - 2|z| where |z| <= 1 and 0 elsewhere.

    Source:
        Liu, Wu, Luo, Yang, Liu and Cheng 2018, "Bi-Real Net: Enhancing the Performance of 1-bit CNNs With Improved
        Representational Capability and Advanced Training Algorithm", arXiv:1808.00278.
    """

    def gradient(self, z: Tensor) -> Tensor:
        """2 - 2|z| within [-1, 1], 0 elsewhere."""
        return z.abs().mul_(-2).add_(2).clamp_min_(0)
