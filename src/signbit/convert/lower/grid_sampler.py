"""Not in the engine: grid_sampler."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class GridSampler(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::grid_sampler"
    why: ClassVar[str] = "warping is not in the engine"
    instead: ClassVar[str] = "put it outside of what is converted"
