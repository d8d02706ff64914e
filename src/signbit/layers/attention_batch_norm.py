"""Batch norm whose learned factor is replaced by the sigmoid of the normalised value."""

from abc import ABC
from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from signbit.layers.arguments import Device, factory, positive
from signbit.layers.silu import silu


class _AttentionBatchNorm(nn.Module, ABC):
    """SiLU of torch's own normalisation, plus a bias of each channel."""

    roles: ClassVar[Mapping[str, str]] = {"gamma": "norm", "beta": "norm"}
    norm: ClassVar[type[nn.BatchNorm1d | nn.BatchNorm2d]]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        track_running_stats: bool = True,
        *,
        scale: bool = False,
        bias: bool = True,
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        # A child, not a base class: torch's convert_sync_batchnorm replaces every batch norm and whatever derives
        # from one by a plain SyncBatchNorm. Here it replaces the normalisation alone and the attention stays.
        channels, made = positive("num_features", num_features), factory(device, dtype)
        self.normalise = self.norm(channels, eps, momentum, False, track_running_stats, **made)
        self.gamma = nn.Parameter(torch.ones(channels, **made)) if scale else None
        self.beta = nn.Parameter(torch.zeros(channels, **made)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """sigmoid(xh) * xh + beta, where xh is x normalised as batch norm does."""
        y = silu(self.normalise(x), exact=not self.training)
        per_channel = (-1, *[1] * (x.dim() - 2))
        if self.gamma is not None:
            y = y * self.gamma.reshape(per_channel)
        return y if self.beta is None else y + self.beta.reshape(per_channel)

    def reset_parameters(self) -> None:
        """Set gamma to 1, beta to 0 and the running statistics to their start."""
        self.normalise.reset_parameters()
        if self.gamma is not None:
            nn.init.ones_(self.gamma)
        if self.beta is not None:
            nn.init.zeros_(self.beta)


@final
class AttentionBatchNorm1d(_AttentionBatchNorm):
    """Attention batch norm of (N, C) or (N, C, L): SiLU(xh) + beta, see AttentionBatchNorm2d.

    Source:
        Gu, Zhang, Jia and Wu 2025, attention batch normalization for binary networks, Entropy 27(6):645.
    """

    norm = nn.BatchNorm1d


@final
class AttentionBatchNorm2d(_AttentionBatchNorm):
    """Attention batch norm of (N, C, H, W): y = sigmoid(xh) * xh + beta, which is SiLU(xh) + beta.

    xh is normalised as torch.nn.BatchNorm2d does it: eps, momentum (None is the cumulative mean) and
    track_running_stats mean the same. y is not monotone in x: for 0 < beta < 0.2785 its sign changes twice, and
    beyond that it is constant.

    Args:
        scale: learn a factor gamma of each channel, gamma * sigmoid(xh) * xh + beta (an ablation; it gains nothing).
        bias: learn beta (without it accuracy drops: the threshold of the next sign is pinned to the batch mean).

    Source:
        Gu, Zhang, Jia and Wu 2025, attention batch normalization for binary networks, Entropy 27(6):645.
    """

    norm = nn.BatchNorm2d
