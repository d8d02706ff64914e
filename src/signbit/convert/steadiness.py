"""Whether torch gives one result for an integer, wherever its value lies in memory.

Torch's CPU kernels compute most elements in vectors and the rest one by one, and some functions (sigmoid, GELU, sinh)
differ between the two in the last bit. If a sign depends on it, torch's own result depends on the place in memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Operator = Callable[[list[Tensor]], Tensor]
"""An operator that acts on each element alone."""

Arrangement = Callable[[Operator, list[Tensor]], Tensor]
"""Runs an operator on tensors of shapes that broadcast, with their elements laid out in some way in memory."""

_FEWER_THAN_A_VECTOR = 7  # torch's vector loops take two vectors at a time, of 8 floats or more
_WHOLE_VECTORS = 128  # a multiple of what any of them takes


def alone(operator: Operator, tensors: list[Tensor]) -> Tensor:
    """Each element by the code for single elements."""
    flat, shape = _flat(tensors)
    pieces = zip(*(torch.split(each, _FEWER_THAN_A_VECTOR) for each in flat), strict=True)
    return torch.cat([operator([part.clone() for part in piece]) for piece in pieces]).reshape(shape)


def in_vectors(operator: Operator, tensors: list[Tensor]) -> Tensor:
    """Each element by the code for vectors."""
    flat, shape = _flat(tensors)
    count = len(flat[0])
    padded = [torch.cat([each, each[-1:].expand(-count % _WHOLE_VECTORS)]) for each in flat]
    return operator(padded)[:count].reshape(shape)


ARRANGEMENTS: tuple[Arrangement, ...] = (alone, in_vectors)


def _flat(tensors: list[Tensor]) -> tuple[list[Tensor], torch.Size]:
    whole: list[Tensor] = list(torch.broadcast_tensors(*tensors))  # type: ignore[no-untyped-call]
    return [each.reshape(-1) for each in whole], whole[0].shape
