"""Sign of a standardised weight with the mean magnitude of each standardised filter as its scale."""

import math
from collections.abc import Sequence
from typing import ClassVar, final

import torch
from torch import Tensor

from signbit.binarizers.base import Binarizer

EPSILON = 1e-5  # added to the deviation, not to the variance


def check_filters(method: str, shape: Sequence[int], instead: str) -> None:
    """Refuse filters of one value, which equals its own mean.

    Raises:
        ValueError: the filters of a weight of this shape have one value.
    """
    if math.prod(shape[1:]) == 1:
        raise ValueError(
            f"{method} subtracts the mean of each filter, and a weight of shape {tuple(shape)} has filters of 1 value: "
            f"every weight would be 0, and so would the output; give filters of at least 2 values, or use {instead}"
        )


def standardize(weight: Tensor) -> Tensor:
    """(W - mean) / ((std + 1e-5) * sqrt(n)) of each filter of n values, with the biased deviation.

    The output of a convolution with it has the variance of its input, where the inputs are independent with mean 0.
    """
    filters = weight.flatten(1)
    std, mean = torch.std_mean(filters, 1, unbiased=False, keepdim=True)
    return ((filters - mean) / ((std + EPSILON) * math.sqrt(filters.shape[1]))).reshape(weight.shape)


@final
class StandardizedMeanAbsSign(Binarizer):
    """Sign of What, scaled by mean |What| of each filter, where What = (W - mean) / ((std + 1e-5) sqrt(n)).

    With g the gradient of scale * sign(What) and the scale a constant, What gets g * 1[|What| <= 1], and W the gradient
    through the standardisation. In mode `real` the weight is What, so that a stage with real-valued weights is scaled
    as one with binary weights is. If n is 1, What would be 0, so building such a layer raises an error.

    Source:
        Chen, Zhang, Ouyang, Liu, Shen and Wang 2021, "BNN - BN = ? Training Binary Neural Networks without Batch
        Normalization", CVPR Workshops, arXiv:2104.08215; the standardisation is that of Brock, De and Smith 2021,
        "Characterizing signal propagation to close the performance gap in unnormalized ResNets", arXiv:2101.08692.
    """

    gradient_is_step: ClassVar[bool] = True

    def forward(self, x: Tensor) -> Tensor:
        """Codes of What in mode `binary`, What itself in mode `real`."""
        return self.latent(x) if self.mode == "real" else super().forward(x)

    def latent(self, x: Tensor) -> Tensor:
        """The standardised weight."""
        return standardize(x)

    def gradient(self, z: Tensor) -> Tensor:
        """1 where |z| <= 1, 0 elsewhere."""
        return z.abs().le_(1)

    def check_weight(self, shape: Sequence[int]) -> None:
        """Refuse filters of one value."""
        check_filters("standardized_mean_abs_sign", shape, "mean_abs_sign")

    def scale(self, x: Tensor) -> Tensor:
        """Mean |What| of each filter, shape (out,), without a gradient."""
        return standardize(x.detach()).abs().flatten(1).mean(1)
