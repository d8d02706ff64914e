"""Not in the engine: gather."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class Gather(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::gather"
    why: ClassVar[str] = "it selects individual elements, or selects by a tensor that depends on the image"
    instead: ClassVar[str] = "select whole channels: x[:, [0, 2]]"
