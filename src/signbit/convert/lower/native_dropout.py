"""Not in the engine: native_dropout."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class NativeDropout(Lacking):
    """Refused, with what to use instead."""

    operator: ClassVar[str] = "aten::native_dropout"
    why: ClassVar[str] = "a dropout that is on in eval mode"
    instead: ClassVar[str] = "give it training=self.training"
