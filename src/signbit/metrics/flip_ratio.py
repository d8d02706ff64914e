"""How many latent weights changed their sign."""

from typing import final

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from signbit.binarizers import Binarizer
from signbit.layers.roles import parameter_roles


def latent_signs(model: nn.Module) -> dict[str, Tensor]:
    """Where the sign of each latent weight is +1, by its name: a copy, to be compared later."""
    roles = parameter_roles(model)
    found = ((name, weight) for name, weight in model.named_parameters() if roles[name] == "latent_weight")
    return {name: _what_is_signed(model, name, weight.detach()) >= 0 for name, weight in found}


def _what_is_signed(model: nn.Module, name: str, weight: Tensor) -> Tensor:
    """The weight, or what its binarizer makes of it before the sign: a standardised weight, say."""
    binarizer = getattr(model.get_submodule(name.rpartition(".")[0]), "weight_binarizer", None)
    return binarizer.latent(weight) if isinstance(binarizer, Binarizer) else weight


@final
class FlipRatio(Metric):
    """Share of latent weights whose sign changed, from 0 to 1; 0 where there are none.

    Source:
        Helwegen, Widdicombe, Geiger, Liu, Cheng and Nusselder 2019, "Latent Weights Do Not Exist: Rethinking
        Binarized Neural Network Optimization", arXiv:1906.02107.
    """

    full_state_update = False
    flipped: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("flipped", torch.tensor(0), dist_reduce_fx="sum")
        self.add_state("total", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, before: dict[str, Tensor], after: dict[str, Tensor]) -> None:
        """Compare two results of `latent_signs` of one model.

        Raises:
            ValueError: they are not of one model.
        """
        if before.keys() != after.keys():
            raise ValueError(f"the names differ: {sorted(before.keys() ^ after.keys())}; give signs of one model")
        for name, signs in before.items():
            self.flipped += (signs != after[name]).sum().to(self.flipped.device)
            self.total += signs.numel()

    def compute(self) -> Tensor:
        """The share of all weights seen so far."""
        return self.flipped / self.total.clamp_min(1)
