"""Not in the engine: conv_transpose2d."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class ConvTranspose2d(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::conv_transpose2d"
    why: ClassVar[str] = "transposed convolutions are not in the engine"
    instead: ClassVar[str] = "put upsampling outside the converted module"
