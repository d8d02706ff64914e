"""Interleaves the channels of the groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from signbit.convert.rearrangement import Rearrangement


@final
class ChannelShuffle(Rearrangement):
    """Rearranges elements; see `Rearrangement`."""

    operator: ClassVar[str] = "aten::channel_shuffle"
    arguments: ClassVar[Mapping[str, str]] = {"self": "any tensor", "groups": "any"}
