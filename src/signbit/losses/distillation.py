"""Knowledge distillation from a teacher's softened logits."""

from typing import final

from torch import Tensor, nn
from torch.nn import functional


@final
class Distillation(nn.Module):
    """T^2 times the mean Kullback-Leibler divergence from the teacher's softmax(z / T) to the network's.

    The factor T^2 keeps the size of the gradient where T changes.

    Shapes: logits and teacher_logits (N, classes).

    Args:
        temperature: T, above 0.

    Raises:
        ValueError: the temperature is not positive.

    Source:
        Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531.
    """

    def __init__(self, temperature: float = 4.0) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature!r}; give a positive number")
        self.temperature = temperature

    def forward(self, logits: Tensor, teacher_logits: Tensor) -> Tensor:
        """The mean over the batch, in float32."""
        target = (teacher_logits.detach().float() / self.temperature).log_softmax(1)
        own = (logits.float() / self.temperature).log_softmax(1)
        return self.temperature**2 * functional.kl_div(own, target, reduction="batchmean", log_target=True)
