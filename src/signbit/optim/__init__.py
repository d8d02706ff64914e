"""Optimizers and parameter rules: one file each. An optimizer's file holds a function of its name."""

from signbit.extras import need

need("torch", __name__)

from collections.abc import Iterable
from typing import Any

from torch.optim import Optimizer

from signbit.file_listing import file_names, import_named

__all__ = ["create", "names"]

_EXCLUDE = ("clamp_latent", "clip_adaptive", "groups")


def names() -> list[str]:
    """Names of the optimizers, which are the names of their files."""
    return file_names(__file__, _EXCLUDE)


def create(name: str, groups: Iterable[dict[str, Any]], **arguments: Any) -> Optimizer:
    """Build the optimizer of that name for parameter groups, see `groups.parameter_groups`.

    Raises:
        ValueError: there is no such optimizer; the message lists those there are.
    """
    optimizer = getattr(import_named(__name__, __file__, name, _EXCLUDE), name)(list(groups), **arguments)
    assert isinstance(optimizer, Optimizer)
    return optimizer
