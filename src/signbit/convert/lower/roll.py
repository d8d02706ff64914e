"""Shifts elements along axes, with wrap-around."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, final

from signbit.convert.rearrangement import BETWEEN_IMAGES, Rearrangement
from signbit.convert.rule import Call, Refused


@final
class Roll(Rearrangement):
    """Rearranges elements; see `Rearrangement`.

    A shift along axis 0 is refused by its size: a multiple of the images that a rearrangement is tried on moves none
    of these.
    """

    operator: ClassVar[str] = "aten::roll"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "shifts": "any", "dims": "not 0"}

    def move(self, call: Call, arguments: dict[str, Any], fixed: Callable[[float], int]) -> Any:
        shifts, dims = call["shifts"], call["dims"]
        rank = call.node.meta["val"].ndim
        if sum(shift for shift, dim in zip(shifts, dims or [0] * len(shifts), strict=True) if dim % rank == 0):
            raise Refused(BETWEEN_IMAGES)
        return call.node.target(**arguments)  # type: ignore[operator]
