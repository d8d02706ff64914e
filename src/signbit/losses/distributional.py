"""Cross entropy of the network's distribution with a teacher's."""

from typing import final

from torch import Tensor, nn


@final
class Distributional(nn.Module):
    """Mean over images of -sum over classes of p log q, with p the teacher's probabilities and q the network's.

    No label takes part, and no temperature. It is the Kullback-Leibler divergence plus the teacher's entropy.

    Shapes: logits and teacher_logits (N, classes).

    Source:
        Liu, Shen, Savvides and Cheng 2020, "ReActNet: Towards Precise Binary Neural Network with Generalized
        Activation Functions", arXiv:2003.03488.
    """

    def forward(self, logits: Tensor, teacher_logits: Tensor) -> Tensor:
        """The mean over the batch, in float32."""
        target = teacher_logits.detach().float().softmax(1)
        return -(target * logits.float().log_softmax(1)).sum(1).mean()
