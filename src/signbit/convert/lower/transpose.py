"""Two axes change places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Transpose(Rearrangement):
    """Moves elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::transpose"
    arguments: ClassVar[Mapping[str, str]] = {"self": "anything", "dim0": "not 0", "dim1": "not 0"}
