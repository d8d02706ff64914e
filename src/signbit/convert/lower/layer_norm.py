"""Not in the engine: layer_norm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class LayerNorm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::layer_norm"
    why: ClassVar[str] = "layer norm is not in the engine yet"
    instead: ClassVar[str] = "use nn.BatchNorm2d or nn.BatchNorm1d"
