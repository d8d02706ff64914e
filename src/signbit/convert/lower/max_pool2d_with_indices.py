"""Not in the engine: max_pool2d_with_indices."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class MaxPool2dWithIndices(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::max_pool2d_with_indices"
    why: ClassVar[str] = "a pool that also gives the places of its values"
    instead: ClassVar[str] = "use nn.MaxPool2d(return_indices=False)"
