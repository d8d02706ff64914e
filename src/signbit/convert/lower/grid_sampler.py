"""Not in the engine: grid_sampler."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class GridSampler(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::grid_sampler"
    why: ClassVar[str] = "warping is not in the engine"
    instead: ClassVar[str] = "put it outside the converted module"
