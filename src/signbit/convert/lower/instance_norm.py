"""Not in the engine: instance_norm."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class InstanceNorm(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::instance_norm"
    why: ClassVar[str] = "it normalises with the statistics of each image"
    instead: ClassVar[str] = "use nn.BatchNorm2d"
