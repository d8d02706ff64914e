"""Not in the engine: max."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Max(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::max"
    why: ClassVar[str] = "a maximum along one axis is not in the engine"
    instead: ClassVar[str] = "use x.amax((2, 3)) or nn.MaxPool2d for pixels, torch.maximum for two tensors"
