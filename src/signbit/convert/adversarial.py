"""Inputs that a network meets rarely and a bug at a border, a tie or a sign of zero likes."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def adversarial_inputs(shape: tuple[int, ...], dtype: torch.dtype, seed: int = 0) -> Iterator[tuple[str, Tensor]]:
    """Batches of several sizes with names.

    Args:
        shape: of one image, [C, H, W] or [F].
        dtype: uint8 or float32.
        seed: of the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    if dtype == torch.uint8:
        for name, value in {"zeros": 0, "darkest centred pixel": 127, "middle": 128, "white": 255}.items():
            yield name, torch.full((1, *shape), value, dtype=dtype)
        yield "checkerboard of 0 and 255", (_checkerboard(shape) * 255).to(dtype)
        yield "noise", torch.randint(0, 256, (3, *shape), dtype=dtype, generator=generator)
        yield "black and white noise", 255 * torch.randint(0, 2, (5, *shape), dtype=dtype, generator=generator)
        return
    for name, number in {"zeros": 0.0, "negative zeros": -0.0, "ones": 1.0, "minus ones": -1.0, "tiny": 1e-40}.items():
        yield name, torch.full((1, *shape), number)
    yield "checkerboard of +1 and -1", _checkerboard(shape) * 2 - 1
    yield "noise", torch.randn((3, *shape), generator=generator)
    yield "signs", torch.randint(0, 2, (5, *shape), generator=generator).float() * 2 - 1


def _checkerboard(shape: tuple[int, ...]) -> Tensor:
    total = sum(torch.arange(size).reshape(-1, *[1] * (len(shape) - 1 - axis)) for axis, size in enumerate(shape))
    assert isinstance(total, Tensor)
    return (total % 2).float()[None]
