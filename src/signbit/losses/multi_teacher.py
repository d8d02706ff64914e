"""Several teachers, each image taught most by the one that the network is furthest from."""

from typing import final

import torch
from torch import Tensor, nn


@final
class MultiTeacher(nn.Module):
    """Mean over images of sum over teachers of a_t * CE_t, with a the softmax over the teachers of CE_t.

    CE_t is the cross entropy of the network's distribution with that of teacher t; the weights a have no gradient.

    Shapes: logits (N, classes), all_teacher_logits: one (N, classes) of each teacher.

    Source:
        Guo, Bethge, Meinel and Yang 2022, "Join the High Accuracy Club on ImageNet with A Binary Neural Network
        Ticket", arXiv:2211.12933.
    """

    def forward(self, logits: Tensor, all_teacher_logits: list[Tensor]) -> Tensor:
        """The mean over the batch, in float32."""
        own = logits.float().log_softmax(1)
        entropies = torch.stack([-(t.detach().float().softmax(1) * own).sum(1) for t in all_teacher_logits])
        return (entropies.detach().softmax(0) * entropies).sum(0).mean()
