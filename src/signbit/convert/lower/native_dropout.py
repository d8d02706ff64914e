"""Not in the engine: native_dropout."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class NativeDropout(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::native_dropout"
    why: ClassVar[str] = "this dropout is active in eval mode"
    instead: ClassVar[str] = "give it training=self.training"
