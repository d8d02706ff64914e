"""Cross entropy of logits."""

from typing import final

from torch import Tensor, nn
from torch.nn import functional


@final
class CrossEntropy(nn.Module):
    """Mean cross entropy of logits (N, classes) and labels (N,), optionally with smoothed labels.

    Args:
        label_smoothing: share of the target spread evenly over all classes, from 0 to below 1.

    Raises:
        ValueError: label_smoothing is outside that range.

    Source:
        Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016, "Rethinking the Inception Architecture for Computer
        Vision", arXiv:1512.00567 (the smoothing).
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing is {label_smoothing!r}; give a share from 0 to below 1")
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean over the batch, in float32."""
        return functional.cross_entropy(logits.float(), labels, label_smoothing=self.label_smoothing)
