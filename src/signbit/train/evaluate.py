"""What a model says about a data set: eager, float32, whatever training used."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from signbit.data.dataset import Dataset


class Evaluation(NamedTuple):
    """Shares of right answers, logits float32 (N, classes) and predictions int64 (N,), both on the CPU.

    `accuracy` is top-1; in `top5_accuracy` the label may be among the five highest logits.
    """

    accuracy: float
    logits: Tensor
    predictions: Tensor
    top5_accuracy: float


@torch.no_grad()
def evaluate(model: nn.Module, dataset: Dataset, batch_size: int = 256) -> Evaluation:
    """Run the model on a data set in eval mode, in order, on the device its parameters are on.

    Raises:
        ValueError: the data set is empty, or batch_size is below 1.
    """
    if len(dataset) == 0 or batch_size < 1:
        raise ValueError(f"{len(dataset)} images in batches of {batch_size}; give at least one of each")
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    was_training, tf32 = model.training, torch.backends.cudnn.allow_tf32
    model.eval()
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.autocast(device.type, enabled=False):
            logits = torch.cat(
                [model(batch.to(device)).float().cpu() for batch in torch.split(dataset.images, batch_size)]
            )
    finally:
        model.train(was_training)
        torch.backends.cudnn.allow_tf32 = tf32
    predictions = logits.argmax(1)
    labels = dataset.labels.cpu()
    accuracy = (predictions == labels).double().mean().item()
    return Evaluation(accuracy, logits, predictions, top_accuracy(logits, labels, 5))


def top_accuracy(logits: Tensor, labels: Tensor, k: int) -> float:
    """Share of images whose label is among the k highest logits, from 0 to 1; with fewer classes than k it is 1."""
    highest = logits.topk(min(k, logits.shape[1]), dim=1).indices
    return (highest == labels[:, None]).any(1).double().mean().item()
