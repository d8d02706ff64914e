"""Squared hinge with targets -1 and +1."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional


@final
class SquaredHinge(nn.Module):
    """Mean over images and classes of max(0, 1 - t * y)^2, where t is +1 for the label and -1 for the others.

    Shapes: logits (N, classes), labels (N,).

    Source:
        Courbariaux, Hubara, Soudry, El-Yaniv and Bengio 2016, "Binarized Neural Networks", arXiv:1602.02830.
    """

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean over the batch and the classes, in float32."""
        logits = logits.float()
        targets = torch.full_like(logits, -1.0).scatter_(1, labels[:, None], 1.0)
        return functional.relu(1 - targets * logits).square().mean()
