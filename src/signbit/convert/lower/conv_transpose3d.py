"""Not in the engine: conv_transpose3d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class ConvTranspose3d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::conv_transpose3d"
    why: ClassVar[str] = "transposed convolutions are not in the engine"
    instead: ClassVar[str] = "put it outside the converted module"
