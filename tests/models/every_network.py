"""Every network, as small as it goes through all of training and conversion."""

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from signbit import models

SMALL = {"width": 0.25, "image_size": 32, "num_classes": 10}
CLASSES = 10


def build(name: str, seed: int = 0, **arguments: Any) -> nn.Module:
    """A small network of that name, in train mode."""
    torch.manual_seed(seed)
    known = models.parameters(name)
    return models.create(name, **{key: value for key, value in SMALL.items() if key in known} | arguments).train()


def pixels(count: int, seed: int = 0, size: int = 32) -> Tensor:
    """Random images."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=generator)


def loss_of(model: nn.Module, images: Tensor) -> Tensor:
    """A loss that every class takes part in; what the model draws at random is the same in every call."""
    torch.manual_seed(0)
    return functional.cross_entropy(model(images).float(), torch.arange(len(images)) % CLASSES)


def gradients(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """The gradient of each parameter that has one."""
    loss_of(model, images).backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def check_step(model: nn.Module, classes: int = CLASSES, size: int = 32) -> None:
    """Logits of that many classes, and a finite gradient of every parameter that is trained."""
    logits = model(pixels(3, size=size))
    assert logits.shape == (3, classes)
    (logits - 1).square().sum().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert bool(torch.isfinite(parameter.grad).all()), name


@functools.cache
def trained(name: str) -> nn.Module:
    """The network after two steps, in eval mode: it has statistics, and signs of both kinds. Not to be changed."""
    model = build(name)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for step in range(2):
        optimizer.zero_grad()
        loss_of(model, pixels(4, seed=step)).backward()
        optimizer.step()
    return model.eval()
