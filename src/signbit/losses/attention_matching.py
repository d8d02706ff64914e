"""Attention maps of the network drawn towards those of a teacher."""

from typing import final

import torch
from torch import Tensor, nn

NORMALISATIONS = ("l2", "max")


@final
class AttentionMatching(nn.Module):
    """Distance between the attention maps of the network and of its teacher, summed over their feature layers.

    A map is the mean over the channels of the squared features, flattened. With `l2` it is divided by its L2 norm and
    the distance is the L2 norm of the difference; with `max` it is divided by its largest value and the distance is
    the mean squared difference. Both are means over the images.

    Shapes: features and teacher_features, lists of (N, C, H, W); the channels of a pair may differ, H and W not.

    Raises:
        ValueError: there is no such normalisation; or, in forward, the features do not pair up.

    Source:
        Zagoruyko and Komodakis 2017, "Paying More Attention to Attention", arXiv:1612.03928; in binary networks:
        Martinez, Yang, Bulat and Tzimiropoulos 2020, "Training Binary Neural Networks with Real-to-Binary
        Convolutions", arXiv:2003.11535.
    """

    def __init__(self, normalisation: str = "l2") -> None:
        super().__init__()
        if normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation is {normalisation!r}; there are {', '.join(NORMALISATIONS)}")
        self.normalisation = normalisation

    def forward(self, features: list[Tensor], teacher_features: list[Tensor]) -> Tensor:
        """The sum over the layers of the mean over the batch, in float32."""
        shapes = [[tuple(f.shape[2:]) for f in layers] for layers in (features, teacher_features)]
        if shapes[0] != shapes[1] or not features:
            raise ValueError(
                f"the feature layers have the sizes {shapes[0]} and the teacher's {shapes[1]}; give a teacher whose "
                "stages divide the image alike"
            )
        pairs = zip(features, teacher_features, strict=True)
        return torch.stack([self._distance(own, theirs.detach()) for own, theirs in pairs]).sum()

    def _distance(self, own: Tensor, theirs: Tensor) -> Tensor:
        difference = self._map(own) - self._map(theirs)
        return (
            torch.linalg.vector_norm(difference, dim=1).mean()
            if self.normalisation == "l2"
            else difference.square().mean()
        )

    def _map(self, features: Tensor) -> Tensor:
        attention = features.float().square().mean(1).flatten(1)
        norm = torch.linalg.vector_norm(attention, dim=1) if self.normalisation == "l2" else attention.amax(1)
        return attention / norm.clamp_min(1e-12)[:, None]
