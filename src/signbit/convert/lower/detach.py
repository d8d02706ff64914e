"""Detaches the tensor from autograd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class Detach(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::detach"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor"}
