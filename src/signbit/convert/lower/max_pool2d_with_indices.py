"""Not in the engine: max_pool2d_with_indices."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class MaxPool2dWithIndices(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::max_pool2d_with_indices"
    why: ClassVar[str] = "the engine's pooling does not return indices"
    instead: ClassVar[str] = "use nn.MaxPool2d(return_indices=False)"
