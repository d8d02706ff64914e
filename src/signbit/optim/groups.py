"""Parameter groups by role."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn


def parameter_groups(
    parameters: Iterable[tuple[str, nn.Parameter]], roles: Mapping[str, str], weight_decay: Mapping[str, float]
) -> list[dict[str, Any]]:
    """One group for each role there is, with the weight decay of that role (0 where none is given).

    Args:
        parameters: names and parameters, as `model.named_parameters()` has them; frozen ones are left out.
        roles: role of each name, as `layers.parameter_roles(model)` gives them.
        weight_decay: decay by role.
    """
    by_role: dict[str, list[nn.Parameter]] = {}
    for name, parameter in parameters:
        if parameter.requires_grad:
            by_role.setdefault(roles[name], []).append(parameter)
    return [
        {"params": found, "role": role, "weight_decay": weight_decay.get(role, 0.0)}
        for role, found in sorted(by_role.items())
    ]
