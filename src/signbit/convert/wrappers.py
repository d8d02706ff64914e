"""Remove the wrappers that training puts around a module."""

from __future__ import annotations

from torch import nn

# Class name, the package it comes from, and the attribute that holds the module. Compared by name: importing
# Lightning or the compiler only to look would take seconds.
_WRAPPERS = {
    ("DataParallel", "torch"): "module",
    ("DistributedDataParallel", "torch"): "module",
    ("FullyShardedDataParallel", "torch"): "module",
    ("AveragedModel", "torch"): "module",
    ("OptimizedModule", "torch"): "_orig_mod",
    ("_FabricModule", "lightning"): "_original_module",
    ("_FabricModule", "lightning_fabric"): "_original_module",
}


def unwrap(module: nn.Module) -> nn.Module:
    """The module that was given to DataParallel, torch.compile, AveragedModel or Fabric; the module itself else."""
    while (attribute := _attribute(module)) is not None:
        module = getattr(module, attribute)
    return module


def unwrap_children(module: nn.Module) -> None:
    """Do the same for the modules inside, and forget what torch.compile did to them in place."""
    for parent in list(module.modules()):
        parent._compiled_call_impl = None
        for name, child in parent.named_children():
            if _attribute(child) is not None:
                setattr(parent, name, unwrap(child))


def _attribute(module: nn.Module) -> str | None:
    kind = type(module)
    return _WRAPPERS.get((kind.__name__, kind.__module__.partition(".")[0]))
