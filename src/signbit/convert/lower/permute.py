"""The axes in another order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Permute(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::permute"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "dims": "0 first"}
