"""The largest value over all pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, final

from signbit.convert.pool import max_pool
from signbit.convert.product import window_of
from signbit.convert.rule import Call, Refused, Rule
from signbit.convert.value import Value

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class Amax(Rule):
    """To `max_pool` whose window is the whole image."""

    operator: ClassVar[str] = "aten::amax"
    arguments: ClassVar[Mapping[str, str]] = {
        "self": "images of up to 255 x 255 pixels",
        "dim": "(2, 3)",
        "keepdim": "any",
    }
    words: ClassVar[str] = "`max_pool`"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        value = call.value("self")
        if len(value.axes) != 3 or sorted(axis % 4 for axis in call["dim"]) != [2, 3]:
            raise Refused(f"amax over the axes {list(call['dim'])}; the engine only supports all pixels: (2, 3)")
        pooled = max_pool(value, window_of(value.axes[1:], 1, 0, 1), (1, 1, value.axes[0]), call, lowering)
        return replace(pooled, axes=call.axes)
