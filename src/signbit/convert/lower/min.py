"""Not in the engine: min."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Min(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::min"
    why: ClassVar[str] = "a minimum along one axis is not in the engine"
    instead: ClassVar[str] = "use -(-x).amax((2, 3)) for pixels, torch.minimum for two tensors"
