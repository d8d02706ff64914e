"""The role of every parameter: what optimizers, weight decay and clipping go by."""

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

ROLES = ("latent_weight", "scale", "threshold", "norm", "shift", "slope", "head", "real")
"""`shift` and `slope` are of activations, `threshold` of a sign, `head` of a real-valued last layer. What is left, such
as real-valued convolutions and biases, is `real`."""

_NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm)


def parameter_roles(model: nn.Module) -> dict[str, str]:
    """Role of each parameter, by its name in `model.named_parameters()`.

    A module states the roles of its own parameters in `roles`, a mapping from parameter name to role; it is on the
    module because torch drops attributes of a parameter in deepcopy. Where nothing is stated, the parameters of a
    norm are `norm`, that of a PReLU is `slope` and all others are `real`.

    Raises:
        ValueError: a module states a role that is not one of `ROLES`.
    """
    roles = {}
    for name, _ in model.named_parameters():
        path, _, own_name = name.rpartition(".")
        module = model.get_submodule(path)
        default = "norm" if isinstance(module, _NORMS) else "slope" if isinstance(module, nn.PReLU) else "real"
        role = getattr(module, "roles", {}).get(own_name, default)
        if role not in ROLES:
            raise ValueError(f"{name}: role {role!r}; there are {', '.join(ROLES)}")
        roles[name] = role
    return roles
